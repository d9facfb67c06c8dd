package com.starrocks.connector.flink.core;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Loads the native library once for this class loader. Every class loader has its own copy, and
 * shares nothing with the others.
 *
 * <p>Looked for, in this order: beside the jar; inside the jar, copied to a temporary file that is
 * deleted at once; on {@code java.library.path}. A path named by the user is the only place tried,
 * so that no other library takes the place of the one meant; nor is one named that isn't the one
 * that the class loader has already.
 *
 * <p>The library beside the jar must be the one that the jar was built with: one that was left
 * there by an older version is passed over. A build of one's own is named by path.
 */
public final class NativeLibrary {

    private static String loadedFrom;

    /** The file of that library; null if it is the one inside the jar. */
    private static Path loadedFile;

    private NativeLibrary() {}

    /**
     * Loads the library, unless it is loaded. A failure isn't final: the next call searches again,
     * since a full disk or a wrong path may have been put right. Any thread may call it.
     *
     * @param explicitPath the file or the folder it is in, or null to search
     * @param temporaryFolders for the copy, in order of preference; {@code java.io.tmpdir} is tried
     *     after them
     * @return where the library was loaded from and what was passed over before, for the log
     * @throws NativeLibraryException if no place fits, or the path names another library than the
     *     one that is loaded
     */
    public static synchronized String load(String explicitPath, List<String> temporaryFolders) {
        if (loadedFrom == null) {
            LibraryLoader loader =
                    new LibraryLoader(
                            Platform.current(),
                            NativeLibrary.class.getClassLoader(),
                            jar(),
                            new JvmLinker(),
                            folders(temporaryFolders));
            loadedFrom = loader.load(explicitPath);
            loadedFile = loader.file();
        } else if (explicitPath != null) {
            requireLoaded(LibraryLoader.explicitFile(explicitPath));
        }
        return loadedFrom;
    }

    private static void requireLoaded(Path wanted) {
        if (!isSameFile(wanted, loadedFile)) {
            throw new NativeLibraryException(
                    "'sink.native.library-path' = '"
                            + wanted
                            + "' can't be followed: this class loader has the native library"
                            + " already, from "
                            + (loadedFile == null ? loadedFrom : loadedFile)
                            + ", and can't have two. Give all jobs that share the connector's jar"
                            + " (in Flink's lib folder) the same path, or none, and restart the"
                            + " process to change it.",
                    Collections.<Throwable>emptyList());
        }
    }

    private static boolean isSameFile(Path wanted, Path loaded) {
        try {
            return loaded != null && (wanted.equals(loaded) || Files.isSameFile(wanted, loaded));
        } catch (IOException e) {
            return false; // One of them isn't there.
        }
    }

    /**
     * Where the library was loaded from.
     *
     * @throws IllegalStateException if it isn't loaded
     */
    static synchronized String requireLoaded() {
        if (loadedFrom == null) {
            throw new IllegalStateException("the native library has not been loaded");
        }
        return loadedFrom;
    }

    private static List<Path> folders(List<String> preferred) {
        Set<Path> folders = new LinkedHashSet<>();
        for (String folder : preferred) {
            folders.add(Paths.get(folder).toAbsolutePath());
        }
        folders.add(Paths.get(System.getProperty("java.io.tmpdir", ".")).toAbsolutePath());
        return new ArrayList<>(folders);
    }

    /** The jar that this class is in, or null if it is in a folder of classes or nowhere. */
    private static Path jar() {
        CodeSource source = NativeLibrary.class.getProtectionDomain().getCodeSource();
        URL location = source == null ? null : source.getLocation();
        if (location == null || !"file".equals(location.getProtocol())) {
            return null;
        }
        try {
            Path path = Paths.get(new URI(location.toString()));
            return Files.isRegularFile(path) ? path : null;
        } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
            return null;
        }
    }

    private static final class JvmLinker implements LibraryLoader.Linker {

        @Override
        public void load(Path file) {
            System.load(file.toAbsolutePath().toString());
        }

        @Override
        public int abi() {
            return Native.abi();
        }
    }
}
