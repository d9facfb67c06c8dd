package com.starrocks.connector.flink.core;

import java.nio.ByteBuffer;

/** The native methods that a session uses, as an interface for the sake of tests. */
interface NativeCalls {

    /** The native library. */
    NativeCalls LIBRARY =
            new NativeCalls() {
                @Override
                public long open(byte[] config, ByteBuffer counters) {
                    return Native.open(config, counters);
                }

                @Override
                public int addTable(long session, byte[] table) {
                    return Native.addTable(session, table);
                }

                @Override
                public int submit(long session, ByteBuffer block, int from, int to, int waitMs) {
                    return Native.submit(session, block, from, to, waitMs);
                }

                @Override
                public void flush(long session) {
                    Native.flush(session);
                }

                @Override
                public boolean await(long session, int waitMs) {
                    return Native.await(session, waitMs);
                }

                @Override
                public void restore(long session, byte[] piece) {
                    Native.restore(session, piece);
                }

                @Override
                public boolean awaitReady(long session, int waitMs) {
                    return Native.awaitReady(session, waitMs);
                }

                @Override
                public boolean isSettled(long session, byte[] piece) {
                    return Native.isSettled(session, piece);
                }

                @Override
                public void beginCheckpoint(long session, long checkpoint) {
                    Native.beginCheckpoint(session, checkpoint);
                }

                @Override
                public boolean awaitCheckpoint(long session, int waitMs) {
                    return Native.awaitCheckpoint(session, waitMs);
                }

                @Override
                public byte[] nextState(long session) {
                    return Native.nextState(session);
                }

                @Override
                public void completeCheckpoint(long session, long checkpoint) {
                    Native.completeCheckpoint(session, checkpoint);
                }

                @Override
                public void finish(long session) {
                    Native.finish(session);
                }

                @Override
                public byte[] drainEvents(long session) {
                    return Native.drainEvents(session);
                }

                @Override
                public void check(long session) {
                    Native.check(session);
                }

                @Override
                public void cancel(long session) {
                    Native.cancel(session);
                }

                @Override
                public void close(long session) {
                    Native.close(session);
                }
            };

    /** See {@link Native#open}. */
    long open(byte[] config, ByteBuffer counters);

    /** See {@link Native#addTable}. */
    int addTable(long session, byte[] table);

    /** See {@link Native#submit}. */
    int submit(long session, ByteBuffer block, int from, int to, int waitMs);

    /** See {@link Native#flush}. */
    void flush(long session);

    /** See {@link Native#await}. */
    boolean await(long session, int waitMs);

    /** See {@link Native#restore}. */
    void restore(long session, byte[] piece);

    /** See {@link Native#awaitReady}. */
    boolean awaitReady(long session, int waitMs);

    /** See {@link Native#isSettled}. */
    boolean isSettled(long session, byte[] piece);

    /** See {@link Native#beginCheckpoint}. */
    void beginCheckpoint(long session, long checkpoint);

    /** See {@link Native#awaitCheckpoint}. */
    boolean awaitCheckpoint(long session, int waitMs);

    /** See {@link Native#nextState}. */
    byte[] nextState(long session);

    /** See {@link Native#completeCheckpoint}. */
    void completeCheckpoint(long session, long checkpoint);

    /** See {@link Native#finish}. */
    void finish(long session);

    /** See {@link Native#drainEvents}. */
    byte[] drainEvents(long session);

    /** See {@link Native#check}. */
    void check(long session);

    /** See {@link Native#cancel}. */
    void cancel(long session);

    /** See {@link Native#close}. */
    void close(long session);
}
