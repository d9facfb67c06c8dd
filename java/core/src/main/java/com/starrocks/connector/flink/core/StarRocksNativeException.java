package com.starrocks.connector.flink.core;

/**
 * A failure reported by the native half: what was being done, to what, why it failed and what to do
 * is in the message; what kind of failure it is, in the {@linkplain #code() code}.
 *
 * <p>The message never holds credentials.
 */
public final class StarRocksNativeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** What kind of failure it is. The numbers are the native half's. */
    public enum Code {
        /** A setting is wrong. */
        CONFIG(1),
        /** A row can't be written as the table's format asks. */
        ROW(2),
        /** A row block is malformed: a fault of this connector. */
        BLOCK(3),
        /** The server refused a load. */
        LOAD(4),
        /** No server could be reached. */
        CONNECT(5),
        /** A server didn't answer in time. */
        TIMEOUT(6),
        /** User name or password was refused, or a privilege is missing. */
        AUTH(7),
        /** Database, table or column doesn't exist or doesn't fit. */
        SCHEMA(8),
        /** The session was cancelled. */
        CANCELLED(9),
        /** The session was closed before. */
        CLOSED(10),
        /** Memory is exhausted, or a row is larger than its bound. */
        MEMORY(11),
        /** A fault inside the native half; the session can't be used any more. */
        INTERNAL(12),
        /** Whether a batch was loaded can't be found out. */
        UNDECIDED(13),
        /** Rows can't be kept for their checkpoint, or the state of one can't be read. */
        STATE(14);

        private final int number;

        Code(int number) {
            this.number = number;
        }

        /** The number that stands for this code at the native boundary. */
        public int number() {
            return number;
        }

        static Code of(int number) {
            for (Code code : values()) {
                if (code.number == number) {
                    return code;
                }
            }
            return INTERNAL;
        }
    }

    private final Code code;
    private final boolean retriable;
    private final int httpStatus;
    private final String label;

    /**
     * Called by the native half as well.
     *
     * @param code number of a {@link Code}; an unknown one becomes {@link Code#INTERNAL}
     * @param retriable whether the same may succeed later without a change
     * @param httpStatus the server's HTTP status, or -1
     * @param label the batch's label, or null
     * @param message what was done, to what, why it failed, what to do
     */
    public StarRocksNativeException(
            int code, boolean retriable, int httpStatus, String label, String message) {
        super(message);
        this.code = Code.of(code);
        this.retriable = retriable;
        this.httpStatus = httpStatus;
        this.label = label;
    }

    StarRocksNativeException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.retriable = false;
        this.httpStatus = -1;
        this.label = null;
    }

    /** What kind of failure it is. */
    public Code code() {
        return code;
    }

    /** Whether the same may succeed later without a change. */
    public boolean isRetriable() {
        return retriable;
    }

    /** The server's HTTP status, or -1 if there was none. */
    public int httpStatus() {
        return httpStatus;
    }

    /** Label of the batch that failed, or null if it wasn't about one. */
    public String label() {
        return label;
    }
}
