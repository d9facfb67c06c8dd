package com.starrocks.connector.flink.core;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One search for the native library: tries the places in their order until one fits.
 *
 * <p>The JVM refuses a library file that another class loader has loaded, and Flink makes a class
 * loader per job: so the library in the jar is copied to a temporary file of its own each time, and
 * a file that another class loader holds is copied as well. The copy is deleted as soon as it is
 * loaded; the mapping stays.
 */
final class LibraryLoader {

    /** What links a library into the JVM. */
    interface Linker {

        /** Loads a library by its absolute path. */
        void load(Path file);

        /** The version that the loaded library says it has. */
        int abi();
    }

    private static final String LOADED_ELSEWHERE = "already loaded in another classloader";

    private final Platform platform;
    private final ClassLoader resources;
    private final Path jar;
    private final Linker linker;
    private final List<Path> temporaryFolders;
    private final List<Exception> attempts = new ArrayList<>();
    private Path loaded;

    /**
     * A search.
     *
     * @param resources has the libraries under {@code native/}
     * @param jar the file that holds this class, or null if that isn't a jar
     * @param temporaryFolders for copies, in order of preference
     */
    LibraryLoader(
            Platform platform,
            ClassLoader resources,
            Path jar,
            Linker linker,
            List<Path> temporaryFolders) {
        this.platform = platform;
        this.resources = resources;
        this.jar = jar;
        this.linker = linker;
        this.temporaryFolders = new ArrayList<>(temporaryFolders);
    }

    /**
     * Loads the library.
     *
     * @param explicitPath the only place to look at: the file, or the folder it is in; or null
     * @return where it was found, and what was passed over before
     * @throws NativeLibraryException if no place fits
     */
    String load(String explicitPath) {
        String found;
        if (explicitPath != null) {
            found = fromExplicitPath(explicitPath);
        } else {
            found = fromBesideTheJar();
            if (found == null) {
                found = fromInsideTheJar();
            }
            if (found == null) {
                found = fromLibraryPath();
            }
        }
        if (found == null) {
            throw new NativeLibraryException(
                    "The native library "
                            + fileName()
                            + " for "
                            + platform
                            + " can't be loaded."
                            + describeAttempts(),
                    attempts);
        }
        return found + (attempts.isEmpty() ? "" : "; passed over:" + describeAttempts());
    }

    /** The file that was loaded, or copied and loaded; null if it is inside the jar. */
    Path file() {
        return loaded;
    }

    private String describeAttempts() {
        StringBuilder text = new StringBuilder();
        for (Exception attempt : attempts) {
            text.append("\n - ").append(attempt.getMessage());
        }
        return text.toString();
    }

    static String fileName() {
        return "libstarrocks_flink.so";
    }

    private String resourceName() {
        return "native/" + platform + "/" + fileName();
    }

    private String fromExplicitPath(String explicitPath) {
        return tryFile("sink.native.library-path", explicitFile(explicitPath), null);
    }

    /** The file that a user's path means: itself, or the library in that folder. */
    static Path explicitFile(String explicitPath) {
        Path path = Paths.get(explicitPath).toAbsolutePath();
        return Files.isDirectory(path) ? path.resolve(fileName()) : path;
    }

    private String fromBesideTheJar() {
        if (jar == null || jar.getParent() == null) {
            return passOver("beside the jar", "the classes are not in a jar", null);
        }
        LibraryDigest packed = null;
        try {
            packed = packedDigest();
        } catch (IOException e) {
            return passOver("beside the jar", "can't be compared with the jar's: " + e, e);
        }
        return tryFile("beside the jar", jar.resolveSibling(fileName()), packed);
    }

    private String fromInsideTheJar() {
        String place = "in the jar, /" + resourceName();
        LibraryDigest digest;
        URL library;
        try {
            digest = packedDigest();
            library = resources.getResource(resourceName());
        } catch (IOException e) {
            return passOver(place, reason(e), e);
        }
        if (digest == null || library == null) {
            return passOver(place, "the jar has no library for this platform", null);
        }
        return tryCopies(place, () -> openUncached(library), digest);
    }

    private String fromLibraryPath() {
        String path = System.getProperty("java.library.path", "");
        Set<Path> folders = new LinkedHashSet<>();
        for (String folder : path.split(System.getProperty("path.separator"))) {
            if (!folder.isEmpty()) {
                folders.add(Paths.get(folder).toAbsolutePath());
            }
        }
        for (Path folder : folders) {
            Path file = folder.resolve(fileName());
            if (Files.exists(file)) {
                String found = tryFile("java.library.path", file, null);
                if (found != null) {
                    return found;
                }
            }
        }
        return passOver("java.library.path", "no usable " + fileName() + " in " + path, null);
    }

    /** The note of what the build packed for this platform, or null if it packed nothing. */
    private LibraryDigest packedDigest() throws IOException {
        URL note = resources.getResource(resourceName() + ".properties");
        if (note == null) {
            return null;
        }
        try (InputStream in = openUncached(note)) {
            return LibraryDigest.read(in);
        }
    }

    /**
     * Opens a resource past the JVM's cache of open jars: closing a cached jar in another class
     * loader would break this stream (JDK-8205976).
     */
    private static InputStream openUncached(URL url) throws IOException {
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        return connection.getInputStream();
    }

    private String tryFile(String place, Path library, LibraryDigest expected) {
        String where = place + ", " + library;
        String found;
        try {
            if (!Files.isRegularFile(library)) {
                throw new FileNotFoundException("there is no such file");
            }
            if (expected != null && !expected.matches(library)) {
                throw new IOException(
                        "the file is not the library that the jar was built with: damaged, or left"
                                + " from another version; remove it, replace it, or name it in"
                                + " sink.native.library-path");
            }
            link(library);
            found = where;
        } catch (IOException | LinkageError e) {
            found =
                    String.valueOf(e.getMessage()).contains(LOADED_ELSEWHERE)
                            ? tryCopies(where, () -> Files.newInputStream(library), expected)
                            : passOver(where, reason(e), e);
        }
        loaded = found == null ? null : library;
        return found;
    }

    /** Something to copy the library from. */
    private interface Source {
        InputStream open() throws IOException;
    }

    private String tryCopies(String place, Source source, LibraryDigest digest) {
        for (Path folder : temporaryFolders) {
            String where = place + ", copied to " + folder;
            try {
                linkCopy(source, digest, folder);
                return where;
            } catch (IOException | LinkageError e) {
                passOver(where, reason(e), e);
            }
        }
        return null;
    }

    private void linkCopy(Source source, LibraryDigest digest, Path folder) throws IOException {
        Path copy = createPrivateFile(folder);
        try {
            try (InputStream in = source.open();
                    OutputStream out = Files.newOutputStream(copy)) {
                if (digest != null) {
                    digest.copy(in, out);
                } else {
                    transfer(in, out);
                }
            }
            link(copy);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    private static void transfer(InputStream in, OutputStream out) throws IOException {
        byte[] bytes = new byte[64 * 1024];
        for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
            out.write(bytes, 0, n);
        }
    }

    /** A new file that its owner alone may read and write. */
    private static Path createPrivateFile(Path folder) throws IOException {
        Set<PosixFilePermission> owner = PosixFilePermissions.fromString("rw-------");
        FileAttribute<Set<PosixFilePermission>> permissions =
                PosixFilePermissions.asFileAttribute(owner);
        return Files.createTempFile(folder, "libstarrocks_flink-", ".so", permissions);
    }

    private void link(Path file) throws IOException {
        if (platform.isLinux()) {
            ElfFile.check(file, platform);
        }
        linker.load(file);
        int abi = linker.abi();
        if (abi != BlockLayout.ABI) {
            throw new IOException(
                    "the library is of another version: its interface is number "
                            + abi
                            + ", the jar's is "
                            + BlockLayout.ABI);
        }
    }

    private String passOver(String place, String reason, Throwable cause) {
        String hint = Hints.forReason(reason);
        String message = place + ": " + reason + (hint.isEmpty() ? "" : ". " + hint);
        attempts.add(new IOException(message, cause));
        return null;
    }

    private static String reason(Throwable failure) {
        if (failure instanceof NoSuchFileException) {
            return "there is no such file or folder: " + failure.getMessage();
        }
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }
}
