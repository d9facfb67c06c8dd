package com.starrocks.connector.flink.core;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Properties;

/**
 * Size and SHA-256 of the library that the build packed, from the properties file beside it in the
 * jar: {@code size} in bytes and {@code sha256} in hex.
 */
final class LibraryDigest {

    private final long size;
    private final String sha256;

    private LibraryDigest(long size, String sha256) {
        this.size = size;
        this.sha256 = sha256;
    }

    static LibraryDigest read(InputStream in) throws IOException {
        Properties properties = new Properties();
        properties.load(in);
        String size = properties.getProperty("size");
        String sha256 = properties.getProperty("sha256");
        if (size == null || !size.matches("[0-9]{1,12}") || sha256 == null) {
            throw new IOException("the jar is damaged: its note of the library's size and sha256");
        }
        return new LibraryDigest(Long.parseLong(size), sha256);
    }

    /**
     * Copies all of {@code in} and checks it on the way.
     *
     * @throws IOException if reading or writing fails, or size or digest differ
     */
    void copy(InputStream in, OutputStream out) throws IOException {
        String difference = copyAndCompare(in, out);
        if (difference != null) {
            throw new IOException("the library in the jar is damaged: " + difference);
        }
    }

    /** Whether a file is byte for byte the library that the build packed. */
    boolean matches(Path file) throws IOException {
        if (Files.size(file) != size) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            return copyAndCompare(in, null) == null;
        }
    }

    private String copyAndCompare(InputStream in, OutputStream out) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IOException("this JVM has no SHA-256", e);
        }
        byte[] bytes = new byte[64 * 1024];
        long copied = 0;
        for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
            digest.update(bytes, 0, n);
            copied += n;
            if (out != null) {
                out.write(bytes, 0, n);
            }
        }
        if (copied != size) {
            return copied + " bytes instead of " + size;
        }
        String found = hex(digest.digest());
        return found.equalsIgnoreCase(sha256) ? null : "sha256 " + found + " instead of " + sha256;
    }

    static String hex(byte[] bytes) {
        StringBuilder hex = new StringBuilder(bytes.length * 2);
        for (byte b : bytes) {
            hex.append(Character.forDigit(b >> 4 & 0xF, 16))
                    .append(Character.forDigit(b & 0xF, 16));
        }
        return hex.toString();
    }
}
