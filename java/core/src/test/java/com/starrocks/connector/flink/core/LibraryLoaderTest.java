package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The search for the library, with a linker that a test plays. */
public class LibraryLoaderTest {

    private static final Platform PLATFORM = Platform.of("Linux", "amd64");
    private static final String LIBRARY = "libstarrocks_flink.so";
    private static final String IN_JAR = "native/linux-x86_64/" + LIBRARY;

    @Rule public TemporaryFolder folder = new TemporaryFolder();

    private final FakeLinker linker = new FakeLinker();
    private Path resources;
    private Path jar;
    private Path temporary;

    @Before
    public void folders() throws IOException {
        resources = folder.newFolder("resources").toPath();
        temporary = folder.newFolder("tmp").toPath();
        jar = folder.newFolder("lib").toPath().resolve("connector.jar");
        System.setProperty("java.library.path", folder.newFolder("path").getPath());
    }

    /** A made-up library: an ELF header, one segment over the whole file, and some bytes. */
    private static byte[] elf(int machine, int size) {
        ByteBuffer elf = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1});
        elf.putShort(16, (short) 3).putShort(18, (short) machine);
        elf.putLong(32, 64).putShort(56, (short) 1);
        elf.putInt(64, 1).putLong(64 + 8, 0).putLong(64 + 32, size);
        return elf.array();
    }

    private void pack(byte[] library) throws Exception {
        Path file = resources.resolve(IN_JAR);
        Files.createDirectories(file.getParent());
        Files.write(file, library);
        note(library);
    }

    private void note(byte[] library) throws Exception {
        String sha256 = Hex.of(MessageDigest.getInstance("SHA-256").digest(library));
        Files.write(
                resources.resolve(IN_JAR + ".properties"),
                ("size=" + library.length + "\nsha256=" + sha256 + "\n")
                        .getBytes(StandardCharsets.US_ASCII));
    }

    private String load(String explicitPath, Path... temporaryFolders) throws IOException {
        List<Path> folders =
                temporaryFolders.length == 0
                        ? Collections.singletonList(temporary)
                        : Arrays.asList(temporaryFolders);
        URL[] urls = {resources.toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(urls, null)) {
            return new LibraryLoader(PLATFORM, loader, jar, linker, folders).load(explicitPath);
        }
    }

    private NativeLibraryException fails(String explicitPath, Path... temporaryFolders) {
        return assertThrows(
                NativeLibraryException.class, () -> load(explicitPath, temporaryFolders));
    }

    private static void assertSays(Throwable e, String... parts) {
        for (String part : parts) {
            assertTrue(e.getMessage(), e.getMessage().contains(part));
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.collect(Collectors.toList());
        }
    }

    @Test
    public void theJarsLibraryIsLoadedFromAPrivateCopyThatIsDeleted() throws Exception {
        byte[] library = elf(62, 200_000);
        pack(library);
        String found = load(null);
        assertTrue(found, found.startsWith("in the jar, /" + IN_JAR + ", copied to " + temporary));
        assertTrue(found, found.contains("passed over:\n - beside the jar, "));
        assertArrayEquals(library, linker.loaded.get(0));
        assertEquals("rw-------", linker.permissions);
        assertEquals(Collections.emptyList(), list(temporary));
    }

    @Test
    public void everyLoadHasItsOwnCopy() throws Exception {
        pack(elf(62, 1000));
        load(null);
        load(null);
        assertEquals(2, linker.paths.size());
        assertFalse(linker.paths.get(0).equals(linker.paths.get(1)));
    }

    @Test
    public void theLibraryBesideTheJarComesFirst() throws Exception {
        byte[] library = elf(62, 1000);
        pack(library);
        Files.write(jar.resolveSibling(LIBRARY), library);
        String found = load(null);
        assertEquals("beside the jar, " + jar.resolveSibling(LIBRARY), found);
        assertEquals(Collections.singletonList(jar.resolveSibling(LIBRARY)), linker.paths);
    }

    @Test
    public void aLibraryOfAnotherBuildBesideTheJarIsPassedOver() throws Exception {
        pack(elf(62, 1000));
        Files.write(jar.resolveSibling(LIBRARY), elf(62, 1008));
        String found = load(null);
        assertTrue(found, found.startsWith("in the jar"));
        assertTrue(found, found.contains("not the library that the jar was built with"));
        assertEquals(1, linker.paths.size());
    }

    @Test
    public void withoutALibraryInTheJarTheOneBesideItIsTaken() throws Exception {
        Files.write(jar.resolveSibling(LIBRARY), elf(62, 1000));
        assertTrue(load(null).startsWith("beside the jar"));
    }

    @Test
    public void whatAnotherClassLoaderHoldsIsCopied() throws Exception {
        Path file = folder.getRoot().toPath().resolve("own.so");
        Files.write(file, elf(62, 1000));
        linker.heldElsewhere = file;
        String found = load(file.toString());
        assertEquals("sink.native.library-path, " + file + ", copied to " + temporary, found);
        assertEquals(Collections.emptyList(), list(temporary));
    }

    @Test
    public void aNamedPathIsTheOnlyPlace() throws Exception {
        pack(elf(62, 1000));
        NativeLibraryException e = fails("/no/such/folder/x.so");
        assertSays(
                e,
                "for linux-x86_64 can't be loaded",
                "sink.native.library-path, /no/such/folder/x.so: there is no such file");
        assertEquals(1, e.getSuppressed().length);
        assertTrue(linker.paths.isEmpty());
    }

    @Test
    public void aNamedFolderHasTheLibraryUnderItsName() throws Exception {
        Path own = folder.newFolder("own").toPath();
        Files.write(own.resolve(LIBRARY), elf(62, 1000));
        assertEquals("sink.native.library-path, " + own.resolve(LIBRARY), load(own.toString()));
    }

    @Test
    public void theLibraryPathComesLast() throws Exception {
        Path file = folder.getRoot().toPath().resolve("path").resolve(LIBRARY);
        Files.write(file, elf(62, 1000));
        assertTrue(load(null).startsWith("java.library.path, " + file));
    }

    @Test
    public void theErrorListsEveryPlaceWithItsReason() throws Exception {
        NativeLibraryException e = fails(null);
        assertSays(
                e,
                "libstarrocks_flink.so for linux-x86_64",
                "- beside the jar, " + jar.resolveSibling(LIBRARY) + ": there is no such file",
                "- in the jar, /" + IN_JAR + ": the jar has no library for this platform",
                "- java.library.path: no usable " + LIBRARY + " in ");
        assertEquals(3, e.getSuppressed().length);
    }

    @Test
    public void aDamagedLibraryInTheJarIsNeverLinked() throws Exception {
        byte[] library = elf(62, 1000);
        pack(library);
        byte[] damaged = library.clone();
        damaged[500] ^= 1;
        Files.write(resources.resolve(IN_JAR), damaged);
        assertSays(fails(null), "the library in the jar is damaged: sha256", "intact copy");

        Files.write(resources.resolve(IN_JAR), Arrays.copyOf(library, 999));
        assertSays(fails(null), "damaged: 999 bytes instead of 1000");
        assertTrue(linker.paths.isEmpty());
        assertEquals(Collections.emptyList(), list(temporary));
    }

    @Test
    public void anUnusableNoteIsSaid() throws Exception {
        pack(elf(62, 1000));
        Files.write(resources.resolve(IN_JAR + ".properties"), "size=x".getBytes());
        assertSays(fails(null), "the jar is damaged: its note");
    }

    @Test
    public void aTruncatedFileIsNeverLinked() throws Exception {
        Path file = folder.getRoot().toPath().resolve("own.so");
        byte[] library = elf(62, 1000);
        for (int size : new int[] {0, 3, 20, 63, 64, 119, 120, 999}) {
            Files.write(file, Arrays.copyOf(library, size));
            NativeLibraryException e = fails(file.toString());
            assertSays(e, size < 4 ? "is damaged" : "is truncated", "intact copy");
        }
        assertTrue(linker.paths.isEmpty());
    }

    @Test
    public void anotherProcessorsLibraryIsNeverLinked() throws Exception {
        Path file = folder.getRoot().toPath().resolve("own.so");
        Files.write(file, elf(183, 1000));
        assertSays(
                fails(file.toString()),
                "wrong architecture: the file is built for aarch64, this JVM runs on x86_64",
                "built for this machine's processor");
        byte[] narrow = elf(3, 1000);
        narrow[4] = 1;
        Files.write(file, narrow);
        assertSays(fails(file.toString()), "wrong architecture");
        byte[] program = elf(62, 1000);
        program[16] = 2;
        Files.write(file, program);
        assertSays(fails(file.toString()), "not a shared library");
        Files.write(file, "#!/bin/sh\n".getBytes());
        assertSays(fails(file.toString()), "not a shared library");
        assertTrue(linker.paths.isEmpty());
    }

    @Test
    public void theNextTemporaryFolderIsTriedWhenOneFails() throws Exception {
        pack(elf(62, 1000));
        Path missing = temporary.resolve("missing");
        Path noexec = folder.newFolder("noexec").toPath();
        linker.noexec = noexec;
        String found = load(null, missing, noexec, temporary);
        assertTrue(found, found.startsWith("in the jar, /" + IN_JAR + ", copied to " + temporary));
        assertTrue(found, found.contains(missing + ": there is no such file or folder"));
        assertTrue(found, found.contains("noexec"));
        assertEquals(Collections.emptyList(), list(noexec));
    }

    @Test
    public void hintsFollowTheLinkersReason() throws Exception {
        pack(elf(62, 1000));
        linker.noexec = temporary;
        assertSays(fails(null), "failed to map segment", "mounted noexec", "io.tmp.dirs");
        linker.noexec = null;
        linker.refusal = "/lib/libc.so.6: version `GLIBC_2.34' not found (required by x)";
        assertSays(fails(null), "GLIBC_2.34", "C library of this system is older");
        linker.refusal = "Error loading shared library ld-linux-x86-64.so.2: No such file";
        assertSays(fails(null), "no GNU C library");
        linker.refusal = null;
        linker.abi = BlockLayout.ABI + 1;
        assertSays(
                fails(null),
                "of another version: its interface is number "
                        + linker.abi
                        + ", the jar's is "
                        + BlockLayout.ABI);
    }

    @Test
    public void platformsAreNamedAlikeOnEveryJvm() {
        assertEquals("linux-x86_64", Platform.of("Linux", "amd64").toString());
        assertEquals("linux-x86_64", Platform.of("Linux", "x86_64").toString());
        assertEquals("linux-aarch64", Platform.of("Linux", "aarch64").toString());
        assertEquals("macos-aarch64", Platform.of("Mac OS X", "arm64").toString());
        assertEquals("windows-x86_64", Platform.of("Windows 11", "amd64").toString());
    }

    /** Plays the system's loader, and keeps what it was given. */
    private static final class FakeLinker implements LibraryLoader.Linker {

        final List<Path> paths = new ArrayList<>();
        final List<byte[]> loaded = new ArrayList<>();
        String permissions;
        Path heldElsewhere;
        Path noexec;
        String refusal;
        int abi = BlockLayout.ABI;

        @Override
        public void load(Path file) {
            if (file.equals(heldElsewhere)) {
                throw new UnsatisfiedLinkError(
                        "Native Library " + file + " already loaded in another classloader");
            }
            if (noexec != null && file.startsWith(noexec)) {
                throw new UnsatisfiedLinkError(file + ": failed to map segment from shared object");
            }
            if (refusal != null) {
                throw new UnsatisfiedLinkError(refusal);
            }
            try {
                permissions = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
                loaded.add(Files.readAllBytes(file));
            } catch (IOException e) {
                throw new UnsatisfiedLinkError(e.toString());
            }
            paths.add(file);
        }

        @Override
        public int abi() {
            return abi;
        }
    }
}
