package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** The jar as it is built, with the library inside, in class loaders of their own. */
public class NativeLibraryNativeTest {

    private static final Path JAR = Paths.get(System.getProperty("starrocks.test.jar"));
    private static final String LIBRARY = "libstarrocks_flink.so";
    private static final String IN_JAR = "native/linux-x86_64/" + LIBRARY;

    @Rule public TemporaryFolder folder = new TemporaryFolder();

    private Path temporary;
    private Path jar;

    /** A jar without a library beside it. */
    @Before
    public void copyTheJar() throws IOException {
        temporary = folder.newFolder("tmp").toPath();
        jar = Files.copy(JAR, folder.newFolder("lib").toPath().resolve("connector.jar"));
    }

    private Path library() throws IOException {
        Path file = folder.newFolder().toPath().resolve(LIBRARY);
        try (JarFile open = new JarFile(jar.toFile());
                InputStream in = open.getInputStream(open.getEntry(IN_JAR))) {
            Files.copy(in, file);
        }
        return file;
    }

    private static void assertEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    private static void assertAlive(Isolated loader) throws Exception {
        assertEquals(0L, loader.call("NativeSession", "liveSessions"));
        assertEquals(0L, loader.call("NativeSession", "liveThreads"));
        assertEquals(0L, loader.call("NativeSession", "liveBytes"));
    }

    @Test
    public void classLoadersHaveTheirOwnCopies() throws Exception {
        try (Isolated one = new Isolated(jar);
                Isolated two = new Isolated(jar)) {
            assertNotSame(one.type("Native"), two.type("Native"));
            for (Isolated loader : Arrays.asList(one, two)) {
                String found = loader.load(null, temporary);
                assertTrue(found, found.startsWith("in the jar, /" + IN_JAR));
                assertAlive(loader);
                assertEquals(found, loader.load(null));
            }
            assertEmpty(temporary);
        }
    }

    @Test
    public void theLibraryBesideTheJarServesSeveralClassLoaders() throws Exception {
        Path beside = Files.copy(library(), jar.resolveSibling(LIBRARY));
        try (Isolated one = new Isolated(jar);
                Isolated two = new Isolated(jar)) {
            assertEquals("beside the jar, " + beside, one.load(null, temporary));
            assertEquals(
                    "beside the jar, " + beside + ", copied to " + temporary,
                    two.load(null, temporary));
            assertAlive(one);
            assertAlive(two);
        }
        assertEmpty(temporary);
    }

    @Test
    public void aNamedLibraryServesSeveralClassLoaders() throws Exception {
        Path file = library();
        try (Isolated one = new Isolated(jar);
                Isolated two = new Isolated(jar)) {
            assertEquals("sink.native.library-path, " + file, one.load(file.toString(), temporary));
            assertEquals(
                    "sink.native.library-path, " + file + ", copied to " + temporary,
                    two.load(file.getParent().toString(), temporary));
            assertAlive(two);
        }
    }

    @Test
    public void aPathThatNamesAnotherLibraryThanTheLoadedOneIsRefused() throws Exception {
        Path file = library();
        Path other = library();
        Path link = Files.createSymbolicLink(folder.newFolder().toPath().resolve("l.so"), file);
        try (Isolated named = new Isolated(jar);
                Isolated packed = new Isolated(jar)) {
            String found = named.load(file.toString(), temporary);
            for (Path same : Arrays.asList(file, file.getParent(), link)) {
                assertEquals(found, named.load(same.toString()));
            }
            assertEquals(found, named.load(null));
            assertRefused(named, other, file.toString());
            packed.load(null, temporary);
            assertRefused(packed, file, "in the jar, /" + IN_JAR);
            assertAlive(packed);
        }
    }

    private static void assertRefused(Isolated loader, Path wanted, String loaded) {
        Exception e = assertThrows(Exception.class, () -> loader.load(wanted.toString()));
        String message = e.getMessage();
        assertTrue(message, message.contains("'sink.native.library-path' = '" + wanted + "'"));
        assertTrue(message, message.contains("already, from " + loaded));
    }

    @Test
    public void aFailureCanBePutRight() throws Exception {
        try (Isolated loader = new Isolated(jar)) {
            assertThrows(Exception.class, () -> loader.load("/no/such/library.so", temporary));
            loader.load(null, temporary);
            assertAlive(loader);
        }
    }

    @Test
    public void aDamagedLibraryIsAnErrorAndNotACrash() throws Exception {
        Path file = library();
        byte[] whole = Files.readAllBytes(file);
        for (int size : new int[] {0, 100, 4096, whole.length / 2, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, size));
            try (Isolated loader = new Isolated(jar)) {
                String message = failure(loader, file.toString());
                assertTrue(message, message.contains("the file is "));
                assertTrue(message, message.contains("Replace the file"));
            }
        }
        byte[] aarch64 = whole.clone();
        aarch64[18] = (byte) 183;
        Files.write(file, aarch64);
        try (Isolated loader = new Isolated(jar)) {
            String message = failure(loader, file.toString());
            assertTrue(message, message.contains("wrong architecture"));
        }
    }

    @Test
    public void aLibraryOfSomethingElseIsAnError() throws Exception {
        Path java = Paths.get(System.getProperty("java.home"), "lib", "libnet.so");
        Path file = Files.copy(java, folder.getRoot().toPath().resolve("other.so"));
        try (Isolated loader = new Isolated(jar)) {
            String message = failure(loader, file.toString());
            assertTrue(message, message.contains("abi()"));
        }
    }

    private String failure(Isolated loader, String explicitPath) throws Exception {
        Exception e = assertThrows(Exception.class, () -> loader.load(explicitPath, temporary));
        assertEquals(loader.type("NativeLibraryException"), e.getClass());
        assertTrue(e.getMessage(), e.getMessage().contains("for linux-x86_64 can't be loaded"));
        assertTrue(e.getSuppressed().length > 0);
        return e.getMessage();
    }

    @Test
    public void aDamagedJarIsAnError() throws Exception {
        Path damaged = folder.newFolder().toPath().resolve("damaged.jar");
        rewrite(
                jar,
                damaged,
                IN_JAR,
                library -> {
                    library[library.length / 2] ^= 0x40;
                    return library;
                });
        try (Isolated loader = new Isolated(damaged)) {
            String message = failure(loader, null);
            assertTrue(message, message.contains("the library in the jar is damaged: sha256"));
        }
        assertEmpty(temporary);
    }

    @Test
    public void aJarForOtherPlatformsSaysSo() throws Exception {
        Path other = folder.newFolder().toPath().resolve("other.jar");
        rewrite(jar, other, IN_JAR + ".properties", note -> null);
        try (Isolated loader = new Isolated(other)) {
            String message = failure(loader, null);
            assertTrue(message, message.contains("the jar has no library for this platform"));
        }
    }

    @Test
    public void aLibraryLeftFromAnotherVersionIsPassedOver() throws Exception {
        byte[] old = Files.readAllBytes(library());
        old[old.length - 1] ^= 1;
        Files.write(jar.resolveSibling(LIBRARY), old);
        try (Isolated loader = new Isolated(jar)) {
            String found = loader.load(null, temporary);
            assertTrue(found, found.startsWith("in the jar"));
            assertTrue(found, found.contains("left from another version"));
        }
    }

    @Test
    public void temporaryFoldersAreTriedInTurn() throws Exception {
        Path missing = temporary.resolve("missing");
        try (Isolated loader = new Isolated(jar)) {
            String found = loader.load(null, missing, temporary);
            assertTrue(found, found.contains("copied to " + temporary));
            assertTrue(found, found.contains("copied to " + missing + ": there is no such"));
        }
    }

    @Test
    public void jobsThatComeAndGoLeaveNoLibraryBehind() throws Exception {
        int before = mappings();
        for (int i = 0; i < 50; i++) {
            loadInAThreadOfItsOwn();
        }
        long end = System.nanoTime() + 30_000_000_000L;
        while (mappings() > before && System.nanoTime() < end) {
            System.gc();
            Thread.sleep(50);
        }
        assertTrue(mappings() + " mappings, before " + before, mappings() <= before);
        assertEmpty(temporary);
    }

    private void loadInAThreadOfItsOwn() throws Exception {
        Exception[] failed = new Exception[1];
        Thread job =
                new Thread(
                        () -> {
                            try (Isolated loader = new Isolated(jar)) {
                                loader.load(null, temporary);
                            } catch (Exception e) {
                                failed[0] = e;
                            }
                        });
        job.start();
        job.join();
        if (failed[0] != null) {
            throw failed[0];
        }
    }

    /** Mappings of copies in this test's temporary folder. */
    private int mappings() throws IOException {
        byte[] maps = Files.readAllBytes(Paths.get("/proc/self/maps"));
        int count = 0;
        for (String line : new String(maps, StandardCharsets.UTF_8).split("\n")) {
            if (line.contains(temporary.toString())) {
                count++;
            }
        }
        return count;
    }

    @Test
    public void theVersionIsInTheJar() throws Exception {
        try (Isolated loader = new Isolated(jar)) {
            String version = (String) loader.call("ConnectorVersion", "get");
            assertTrue(version, version.matches("[0-9]+\\.[0-9]+\\.[0-9]+.*"));
            assertTrue(JAR.getFileName().toString().endsWith("-" + version + ".jar"));
        }
    }

    @Test
    public void theJarHoldsWhatItMust() throws Exception {
        try (JarFile open = new JarFile(jar.toFile())) {
            for (String name :
                    new String[] {
                        IN_JAR, IN_JAR + ".properties", "META-INF/LICENSE", "META-INF/NOTICE"
                    }) {
                assertTrue(name, open.getEntry(name) != null);
            }
            assertFalse(open.stream().anyMatch(e -> e.getName().endsWith("Test.class")));
        }
        assertTrue(Files.isRegularFile(JAR.resolveSibling(LIBRARY)));
    }

    private interface Edit {
        byte[] apply(byte[] bytes);
    }

    /** Copies a jar with one entry changed, or left out where the edit gives null. */
    private static void rewrite(Path from, Path to, String entry, Edit edit) throws IOException {
        try (JarFile in = new JarFile(from.toFile());
                OutputStream file = Files.newOutputStream(to);
                JarOutputStream out = new JarOutputStream(file)) {
            Enumeration<JarEntry> entries = in.entries();
            while (entries.hasMoreElements()) {
                JarEntry next = entries.nextElement();
                byte[] bytes = new byte[(int) next.getSize()];
                try (InputStream content = in.getInputStream(next)) {
                    int filled = 0;
                    while (filled < bytes.length) {
                        filled += content.read(bytes, filled, bytes.length - filled);
                    }
                }
                byte[] written = next.getName().equals(entry) ? edit.apply(bytes) : bytes;
                if (written != null) {
                    out.putNextEntry(new JarEntry(next.getName()));
                    out.write(written);
                    out.closeEntry();
                }
            }
        }
    }
}
