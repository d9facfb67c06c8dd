package com.starrocks.connector.flink.chaos;

import java.util.Locale;

/** What has happened, with times, for those who look into a failure. Any thread may add. */
final class Trace {

    private final long start = System.nanoTime();
    private final StringBuilder text = new StringBuilder();

    synchronized void add(String line) {
        text.append(String.format(Locale.ROOT, "%8.1f ms  ", (System.nanoTime() - start) / 1e6))
                .append(line)
                .append('\n');
    }

    @Override
    public synchronized String toString() {
        return text.toString();
    }
}
