package com.starrocks.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;

/**
 * What the counting sources have in common: the files they share with the tests, and their pace.
 */
final class Progress {
    /** How often a source without end looks for the file that gives it one. */
    static final long ROWS_BETWEEN_LOOKS = 1000;

    private Progress() {}

    /** Adds a line "checkpoint next-number" to the file; null for none. */
    static void note(String file, long checkpointId, long next) throws IOException {
        if (file != null) {
            byte[] line = (checkpointId + " " + next + "\n").getBytes(StandardCharsets.US_ASCII);
            Path path = Paths.get(file);
            Files.write(path, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }

    /** How many rows there are to be, once the file is there to say it; until then -1. */
    static long readEnd(String file, long next) throws IOException {
        if (file == null || !Files.exists(Paths.get(file))) {
            return -1;
        }
        byte[] content = Files.readAllBytes(Paths.get(file));
        long end = Long.parseLong(new String(content, StandardCharsets.US_ASCII).trim());
        if (end <= next) {
            throw new IllegalStateException("to end at " + end + ", but " + next + " rows are out");
        }
        return end;
    }

    /** Whether more rows are out than the rate allows for; 0 is no rate. */
    static boolean ahead(long rowsPerSecond, long startNanos, long emitted) {
        return rowsPerSecond > 0
                && emitted * 1_000_000_000L / rowsPerSecond > System.nanoTime() - startNanos;
    }
}
