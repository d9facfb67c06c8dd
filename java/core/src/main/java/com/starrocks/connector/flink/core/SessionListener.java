package com.starrocks.connector.flink.core;

/**
 * Takes what a session has to tell. Called by the thread that uses the session, from within the
 * session's methods; it must not call the session back.
 */
public interface SessionListener {

    /** Leaves everything unheard. */
    SessionListener NONE =
            new SessionListener() {
                @Override
                public void log(LogLevel level, String text) {}

                @Override
                public void loadFinished(LoadReport report) {}
            };

    /** A line for the log. It holds no credentials. */
    void log(LogLevel level, String text);

    /** A load came to its end, well or not. */
    void loadFinished(LoadReport report);

    /**
     * Rows were handed over to the native half, a whole block of them or what there was of it.
     *
     * @param nanos how long that took, waits for memory included
     */
    default void handedOver(long nanos) {}
}
