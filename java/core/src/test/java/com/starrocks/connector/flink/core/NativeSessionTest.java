package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.After;
import org.junit.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A session above native methods that a test plays. */
public class NativeSessionTest {

    private static final int BLOCK = 64;
    private static final int MAX_ROW = 256;

    private static final RowEncoder<String> TEXT =
            new RowEncoder<String>() {
                @Override
                public byte encode(String row, RowBlock block) {
                    block.putRaw(row);
                    if (row.startsWith("refused")) {
                        throw new IllegalArgumentException("column c: " + row);
                    }
                    return BlockLayout.RAW;
                }
            };

    private final List<String> logged = new ArrayList<>();
    private final FakeCalls calls = new FakeCalls();
    private final NativeSession session =
            NativeSession.open(
                    calls,
                    new PairsWriter().put("load-url", "fe:8030"),
                    BLOCK,
                    MAX_ROW,
                    new SessionListener() {
                        @Override
                        public void log(LogLevel level, String text) {
                            logged.add(text);
                            if (text.equals("call back")) {
                                NativeSessionTest.this.session.check();
                            }
                        }

                        @Override
                        public void loadFinished(LoadReport load) {}
                    });

    @After
    public void clearInterrupt() {
        Thread.interrupted();
    }

    private void write(String row) throws InterruptedException {
        session.write(0, BlockLayout.UPSERT, row, TEXT);
    }

    @Test
    public void rowsArriveInOrderAndOnce() throws Exception {
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            String row = "row " + i + " " + repeat(i % 200);
            sent.add(row);
            write(row);
        }
        session.submit();
        assertEquals(sent, calls.rows);
        assertEquals(0, session.pendingBytes());
        assertEquals("load-url", String.join(",", new PairsReader(calls.config).keys()));
    }

    @Test
    public void nothingCrossesBeforeTheBlockIsFull() throws Exception {
        write("a");
        write("b");
        assertEquals(2 * (BlockLayout.FRAME_HEADER + 1), session.pendingBytes());
        assertEquals(0, calls.submits);
        session.flush();
        assertEquals(1, calls.submits);
        assertEquals(1, calls.flushes);
        session.submit();
        assertEquals(1, calls.submits);
    }

    @Test
    public void aRowLargerThanTheBoundIsRefusedAndTheOthersStay() throws Exception {
        write("before");
        StarRocksNativeException e =
                assertThrows(StarRocksNativeException.class, () -> write(repeat(MAX_ROW)));
        assertEquals(StarRocksNativeException.Code.MEMORY, e.code());
        assertTrue(e.getMessage(), e.getMessage().contains("more than 256 bytes"));
        assertTrue(e.getMessage(), e.getMessage().contains("sink.buffer.max-memory"));
        write(repeat(MAX_ROW - BlockLayout.FRAME_HEADER));
        write("after");
        session.submit();
        assertEquals(3, calls.rows.size());
        assertEquals("before", calls.rows.get(0));
        assertEquals("after", calls.rows.get(2));
    }

    @Test
    public void aRefusedRowLeavesNothingBehind() throws Exception {
        write("good");
        assertThrows(IllegalArgumentException.class, () -> write("refused"));
        write("better");
        session.submit();
        assertEquals("[good, better]", calls.rows.toString());
    }

    @Test
    public void waitingForMemoryGoesOnWhereItStopped() throws Exception {
        calls.takePerSubmit = 1;
        calls.emptyHandedSubmits = 3;
        write("a");
        write("b");
        write("c");
        session.submit();
        assertEquals("[a, b, c]", calls.rows.toString());
        assertEquals(6, calls.submits);
        assertEquals(50, calls.lastWaitMs);
    }

    @Test
    public void anInterruptEndsTheWaitAndLosesNothing() throws Exception {
        write("a");
        write("b");
        calls.takePerSubmit = 1;
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, session::submit);
        assertFalse(Thread.currentThread().isInterrupted());
        assertEquals("[a]", calls.rows.toString());
        assertEquals(BlockLayout.FRAME_HEADER + 1, session.pendingBytes());
        write("c");
        session.submit();
        assertEquals("[a, b, c]", calls.rows.toString());
    }

    @Test
    public void anInterruptDoesNotDisturbWhatNeedsNoWaiting() throws Exception {
        write("a");
        Thread.currentThread().interrupt();
        session.flush();
        session.awaitLoaded();
        assertTrue(Thread.currentThread().isInterrupted());
        assertEquals("[a]", calls.rows.toString());
    }

    @Test
    public void anInterruptEndsAwaiting() {
        calls.awaitsUntilDone = Integer.MAX_VALUE;
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, session::awaitLoaded);
        assertEquals(1, calls.awaits);
    }

    @Test
    public void awaitingDrainsEvents() throws Exception {
        calls.awaitsUntilDone = 3;
        calls.events.add(log("one"));
        calls.events.add(log("two"));
        session.awaitLoaded();
        assertEquals("[one, two]", logged.toString());
        assertEquals(4, calls.awaits);
    }

    @Test
    public void afterAFailedSubmitEveryCallFails() throws Exception {
        StarRocksNativeException failure =
                new StarRocksNativeException(4, false, 200, "label", "refused by the server");
        write("a");
        calls.submitFailure = failure;
        assertSame(failure, assertThrows(StarRocksNativeException.class, session::submit));
        calls.submitFailure = null;
        assertSame(failure, assertThrows(StarRocksNativeException.class, session::submit));
        assertSame(failure, assertThrows(StarRocksNativeException.class, session::flush));
        assertSame(failure, assertThrows(StarRocksNativeException.class, session::awaitLoaded));
        assertSame(failure, assertThrows(StarRocksNativeException.class, session::check));
        assertSame(failure, assertThrows(StarRocksNativeException.class, () -> write("b")));
        session.close();
        assertEquals(1, calls.closes);
    }

    @Test
    public void aPositionOutsideTheRowsIsAFault() throws Exception {
        write("a");
        calls.lieAboutPosition = true;
        assertThrows(IllegalStateException.class, session::submit);
        assertThrows(IllegalStateException.class, () -> write("b"));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    public void restoredStateIsHandedOverBeforeTheSessionIsReady() throws Exception {
        session.restore(bytes("one"));
        session.restore(bytes("two"));
        calls.turnsUntilDone = 2;
        calls.events.add(log("loading"));
        assertFalse(session.awaitReady());
        assertEquals("[loading]", logged.toString());
        assertFalse(session.awaitReady());
        assertTrue(session.awaitReady());
        assertEquals(50, calls.lastWaitMs);
        assertEquals(
                "[restore one, restore two, awaitReady, awaitReady, awaitReady]",
                calls.delivery.toString());
    }

    @Test
    public void anInterruptEndsWaitingForTheRestoredState() throws Exception {
        calls.turnsUntilDone = 1;
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, session::awaitReady);
        assertTrue(session.awaitReady());
    }

    @Test
    public void aCheckpointTakesAllRowsWrittenBefore() throws Exception {
        write("a");
        calls.turnsUntilDone = 1;
        calls.state.add(bytes("p1"));
        calls.state.add(bytes("p2"));
        session.beginCheckpoint(7);
        assertEquals("[a]", calls.rows.toString());
        session.awaitCheckpoint();
        assertEquals("p1", new String(session.nextState()));
        assertEquals("p2", new String(session.nextState()));
        assertEquals(null, session.nextState());
        session.completeCheckpoint(7);
        assertEquals(
                "[beginCheckpoint 7, awaitCheckpoint, awaitCheckpoint, nextState, nextState,"
                        + " nextState, completeCheckpoint 7]",
                calls.delivery.toString());
    }

    @Test
    public void anInterruptedCheckpointIsNotBegunBeforeItsRowsAreTaken() throws Exception {
        write("a");
        write("b");
        calls.takePerSubmit = 1;
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> session.beginCheckpoint(7));
        assertEquals("[]", calls.delivery.toString());
        session.beginCheckpoint(8);
        assertEquals("[a, b]", calls.rows.toString());
        assertEquals("[beginCheckpoint 8]", calls.delivery.toString());
    }

    @Test
    public void theSessionOutlivesAnInterruptedOrFailedCheckpoint() throws Exception {
        session.beginCheckpoint(7);
        calls.turnsUntilDone = 1;
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, session::awaitCheckpoint);
        session.beginCheckpoint(8);
        calls.checkpointFailure = new StarRocksNativeException(6, true, -1, null, "too late");
        assertThrows(StarRocksNativeException.class, session::awaitCheckpoint);
        calls.checkpointFailure = null;
        write("a");
        session.beginCheckpoint(9);
        session.awaitCheckpoint();
        session.completeCheckpoint(9);
        assertEquals("[a]", calls.rows.toString());
    }

    @Test
    public void theEndOfInputTakesAllRowsAndWaitsForNothing() throws Exception {
        write("a");
        calls.awaitsUntilDone = Integer.MAX_VALUE;
        session.finish();
        assertEquals("[a]", calls.rows.toString());
        assertEquals("[finish]", calls.delivery.toString());
        assertEquals(0, calls.awaits);
    }

    @Test
    public void closingTwiceClosesOnce() {
        calls.events.add(log("last words"));
        session.close();
        session.close();
        assertEquals(1, calls.closes);
        assertEquals("[last words]", logged.toString());
        assertEquals(0, session.counters().rowsIn());
        session.cancel();
        assertEquals(0, calls.cancels);
    }

    @Test
    public void aClosedSessionRefusesAllElse() {
        session.close();
        int crossed = calls.all;
        assertClosed(() -> write("a"));
        assertClosed(session::submit);
        assertClosed(session::flush);
        assertClosed(session::awaitLoaded);
        assertClosed(() -> session.restore(bytes("piece")));
        assertClosed(session::awaitReady);
        assertClosed(() -> session.beginCheckpoint(1));
        assertClosed(session::awaitCheckpoint);
        assertClosed(session::nextState);
        assertClosed(() -> session.completeCheckpoint(1));
        assertClosed(session::finish);
        assertClosed(session::check);
        assertClosed(session::drainEvents);
        assertClosed(() -> session.addTable(TableConfig.raw("d", "t", TableConfig.Format.JSON)));
        assertEquals(crossed, calls.all);
    }

    private static void assertClosed(org.junit.function.ThrowingRunnable call) {
        StarRocksNativeException e = assertThrows(StarRocksNativeException.class, call);
        assertEquals(StarRocksNativeException.Code.CLOSED, e.code());
    }

    @Test
    public void aListenerThatCallsBackIsRefused() {
        calls.events.add(log("call back"));
        assertThrows(IllegalStateException.class, session::drainEvents);
        session.drainEvents();
    }

    @Test
    public void closingCancelsAThreadThatIsInside() throws Exception {
        calls.blockInAwait = new CountDownLatch(1);
        AtomicReference<Throwable> seen = new AtomicReference<>();
        Thread inside =
                new Thread(
                        () -> {
                            try {
                                session.awaitLoaded();
                            } catch (Throwable t) {
                                seen.set(t);
                            }
                        });
        inside.start();
        assertTrue(calls.inAwait.await(10, TimeUnit.SECONDS));
        assertThrows(IllegalStateException.class, session::check);
        session.close();
        inside.join(10_000);
        assertEquals(1, calls.cancels);
        assertEquals(1, calls.closes);
        assertEquals(
                StarRocksNativeException.Code.CANCELLED,
                ((StarRocksNativeException) seen.get()).code());
    }

    @Test
    public void cancellingWhatIsClosedMeanwhileIsQuiet() {
        calls.cancelFailure = new StarRocksNativeException(10, false, -1, null, "stale");
        session.cancel();
        calls.cancelFailure = new StarRocksNativeException(12, false, -1, null, "panic");
        assertThrows(StarRocksNativeException.class, session::cancel);
    }

    @Test
    public void countersReadTheSharedMemory() {
        for (int i = 0; i < BlockLayout.COUNTERS; i++) {
            calls.counters.putLong(i * 8, 100 + i);
        }
        NativeCounters c = session.counters();
        long[] inOrder = {
            c.rowsIn(),
            c.bytesIn(),
            c.rowsLoaded(),
            c.bytesLoaded(),
            c.loadsOk(),
            c.loadsFailed(),
            c.loadRetries(),
            c.rowsFiltered(),
            c.rowsUnselected(),
            c.nonFiniteAsNull(),
            c.bufferedBytes(),
            c.memoryUsed(),
            c.memoryMax(),
            c.inflightLoads(),
            c.inflightRows(),
            c.inflightBytes(),
            c.flushNanos(),
            c.flushNanosWithoutRetries(),
            c.tables(),
            c.waitNanos(),
            c.timesBufferFull(),
            c.batchesSealed(),
            c.eventsDropped(),
            c.threads(),
            c.heldBytes(),
            c.spilledBytes(),
            c.openTransactions(),
            c.preparedTransactions(),
            c.commits(),
            c.commitNanos(),
            c.rollbacks(),
            c.resentTransactions(),
            c.restoringPieces(),
            c.lastCheckpointBytes(),
            c.stalled()
        };
        for (int i = 0; i < inOrder.length; i++) {
            assertEquals(100 + i, inOrder[i]);
        }
        assertTrue(calls.counters.isDirect());
        assertEquals(BlockLayout.COUNTERS * 8, calls.counters.capacity());
    }

    @Test
    public void writingWithoutALibraryIsRefused() {
        assertThrows(
                IllegalStateException.class,
                () -> NativeSession.open(new PairsWriter(), MAX_ROW, null));
    }

    private static String repeat(int count) {
        char[] text = new char[count];
        java.util.Arrays.fill(text, 'x');
        return new String(text);
    }

    private static byte[] log(String text) {
        ByteSink out = new ByteSink();
        out.u8(1);
        out.u8(2);
        out.i32(text.length());
        out.bytes(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return out.toByteArray();
    }

    /** Plays the native half: takes whole rows of text. */
    private static final class FakeCalls implements NativeCalls {

        final List<String> rows = new ArrayList<>();
        final List<byte[]> events = new ArrayList<>();
        final List<byte[]> state = new ArrayList<>();
        final List<String> delivery = new ArrayList<>();
        final CountDownLatch inAwait = new CountDownLatch(1);
        byte[] config;
        ByteBuffer counters;
        int all;
        int submits;
        int flushes;
        int awaits;
        int closes;
        int lastWaitMs;
        volatile int cancels;
        int takePerSubmit = Integer.MAX_VALUE;
        int emptyHandedSubmits;
        int awaitsUntilDone;
        int turnsUntilDone;
        RuntimeException checkpointFailure;
        boolean lieAboutPosition;
        RuntimeException submitFailure;
        RuntimeException cancelFailure;
        volatile CountDownLatch blockInAwait;

        @Override
        public long open(byte[] config, ByteBuffer counters) {
            this.config = config;
            this.counters = counters.duplicate().order(ByteOrder.nativeOrder());
            return 42;
        }

        @Override
        public int addTable(long session, byte[] table) {
            all++;
            return 0;
        }

        @Override
        public int submit(long session, ByteBuffer block, int from, int to, int waitMs) {
            all++;
            submits++;
            lastWaitMs = waitMs;
            if (submitFailure != null) {
                throw submitFailure;
            }
            if (lieAboutPosition) {
                return to + 1;
            }
            if (emptyHandedSubmits > 0) {
                emptyHandedSubmits--;
                return from;
            }
            int at = from;
            for (int taken = 0; at < to && taken < takePerSubmit; taken++) {
                int length = block.getInt(at);
                byte[] text = new byte[length];
                for (int i = 0; i < length; i++) {
                    text[i] = block.get(at + BlockLayout.FRAME_HEADER + i);
                }
                rows.add(new String(text, java.nio.charset.StandardCharsets.UTF_8));
                at += BlockLayout.FRAME_HEADER + length;
            }
            return at;
        }

        @Override
        public void flush(long session) {
            all++;
            flushes++;
        }

        @Override
        public boolean await(long session, int waitMs) {
            all++;
            awaits++;
            CountDownLatch blocked = blockInAwait;
            if (blocked != null) {
                inAwait.countDown();
                try {
                    blocked.await(10, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                throw new StarRocksNativeException(9, false, -1, null, "cancelled");
            }
            return awaits > awaitsUntilDone;
        }

        @Override
        public void restore(long session, byte[] piece) {
            told("restore " + new String(piece, java.nio.charset.StandardCharsets.UTF_8));
        }

        @Override
        public boolean awaitReady(long session, int waitMs) {
            return turn("awaitReady", waitMs);
        }

        @Override
        public boolean isSettled(long session, byte[] piece) {
            told("isSettled " + new String(piece, java.nio.charset.StandardCharsets.UTF_8));
            return true;
        }

        @Override
        public void beginCheckpoint(long session, long checkpoint) {
            told("beginCheckpoint " + checkpoint);
        }

        @Override
        public boolean awaitCheckpoint(long session, int waitMs) {
            if (checkpointFailure != null) {
                throw checkpointFailure;
            }
            return turn("awaitCheckpoint", waitMs);
        }

        @Override
        public byte[] nextState(long session) {
            told("nextState");
            return state.isEmpty() ? null : state.remove(0);
        }

        @Override
        public void completeCheckpoint(long session, long checkpoint) {
            told("completeCheckpoint " + checkpoint);
        }

        @Override
        public void finish(long session) {
            told("finish");
        }

        private void told(String call) {
            all++;
            delivery.add(call);
        }

        private boolean turn(String call, int waitMs) {
            told(call);
            lastWaitMs = waitMs;
            return turnsUntilDone-- <= 0;
        }

        @Override
        public byte[] drainEvents(long session) {
            all++;
            return events.isEmpty() ? null : events.remove(0);
        }

        @Override
        public void check(long session) {
            all++;
        }

        @Override
        public void cancel(long session) {
            all++;
            if (cancelFailure != null) {
                throw cancelFailure;
            }
            cancels++;
            CountDownLatch blocked = blockInAwait;
            if (blocked != null) {
                blocked.countDown();
            }
        }

        @Override
        public void close(long session) {
            all++;
            closes++;
        }
    }
}
