package com.starrocks.connector.flink.core;

/**
 * How one load went. Times of the server are milliseconds as its reply has them, -1 where it didn't
 * say.
 */
public final class LoadReport {

    private final boolean ok;
    private final long rows;
    private final long bytes;
    private final long totalNanos;
    private final long totalNanosWithoutRetries;
    private final int retries;
    private final long loadMillis;
    private final long putMillis;
    private final long readMillis;
    private final long writeMillis;
    private final long commitPublishMillis;

    LoadReport(ByteSource in) {
        ok = in.u8() != 0;
        rows = in.i64();
        bytes = in.i64();
        totalNanos = in.i64();
        totalNanosWithoutRetries = in.i64();
        retries = in.i32();
        loadMillis = in.i64();
        putMillis = in.i64();
        readMillis = in.i64();
        writeMillis = in.i64();
        commitPublishMillis = in.i64();
    }

    /** Whether the batch is loaded. */
    public boolean ok() {
        return ok;
    }

    /** Rows of the batch. */
    public long rows() {
        return rows;
    }

    /** Bytes of the batch as serialized. */
    public long bytes() {
        return bytes;
    }

    /** Nanoseconds from the first try to the outcome. */
    public long totalNanos() {
        return totalNanos;
    }

    /** Nanoseconds of the last try. */
    public long totalNanosWithoutRetries() {
        return totalNanosWithoutRetries;
    }

    /** Tries after the first. */
    public int retries() {
        return retries;
    }

    /** The server's LoadTimeMs. */
    public long loadMillis() {
        return loadMillis;
    }

    /** The server's StreamLoadPutTimeMs, or the plan's time. */
    public long putMillis() {
        return putMillis;
    }

    /** The server's ReadDataTimeMs. */
    public long readMillis() {
        return readMillis;
    }

    /** The server's WriteDataTimeMs. */
    public long writeMillis() {
        return writeMillis;
    }

    /** The server's CommitAndPublishTimeMs. */
    public long commitPublishMillis() {
        return commitPublishMillis;
    }
}
