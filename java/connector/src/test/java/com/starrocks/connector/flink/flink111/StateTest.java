package com.starrocks.connector.flink.flink111;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.flink111.PlayedSink.Played;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.StreamSink;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** What of the sink's state is in Flink's snapshots, and comes back from them. */
public class StateTest {

    private static final int MAX_PARALLELISM = 10;

    private final List<AutoCloseable> open = new ArrayList<>();

    @Before
    public void forget() {
        PlayedSink.OPENED.clear();
    }

    @After
    public void close() throws Exception {
        Thread.interrupted();
        for (AutoCloseable harness : open) {
            harness.close();
        }
    }

    private OneInputStreamOperatorTestHarness<String, Object> start(
            OperatorSubtaskState restored, int parallelism, int subtask) throws Exception {
        OneInputStreamOperatorTestHarness<String, Object> harness =
                new OneInputStreamOperatorTestHarness<>(
                        new StreamSink<>(new PlayedSink("sink.semantic", "exactly-once")),
                        MAX_PARALLELISM,
                        parallelism,
                        subtask);
        open.add(harness);
        harness.setup();
        if (restored != null) {
            harness.initializeState(restored);
        }
        harness.open();
        return harness;
    }

    private static void write(
            OneInputStreamOperatorTestHarness<String, Object> harness, String... rows)
            throws Exception {
        for (String row : rows) {
            harness.processElement(new StreamRecord<>(row));
        }
    }

    private static Played last() {
        return PlayedSink.OPENED.get(PlayedSink.OPENED.size() - 1);
    }

    @Test
    public void aCheckpointIsTakenAwaitedKeptAndCompleted() throws Exception {
        OneInputStreamOperatorTestHarness<String, Object> harness = start(null, 1, 0);
        write(harness, "a", "b");
        harness.snapshot(5, 0);
        harness.notifyOfCompletedCheckpoint(5);
        assertEquals(
                Arrays.asList(
                        "open",
                        "addTable",
                        "awaitReady",
                        "submit",
                        "beginCheckpoint 5",
                        "awaitCheckpoint",
                        "completeCheckpoint 5"),
                last().calls);
        assertTrue(last().config.contains("sink.semantic=exactly-once"));
    }

    @Test
    public void everyNotificationIsPassedOn() throws Exception {
        OneInputStreamOperatorTestHarness<String, Object> harness = start(null, 1, 0);
        harness.snapshot(5, 0);
        harness.snapshot(6, 0);
        harness.notifyOfCompletedCheckpoint(6);
        harness.notifyOfCompletedCheckpoint(6);
        harness.notifyOfCompletedCheckpoint(5);
        assertEquals(
                Arrays.asList(
                        "completeCheckpoint 6", "completeCheckpoint 6", "completeCheckpoint 5"),
                last().callsAfter("awaitCheckpoint"));
    }

    @Test
    public void aSnapshotKeepsItsStateThoughTheHeapIsFreed() throws Exception {
        OneInputStreamOperatorTestHarness<String, Object> harness = start(null, 1, 0);
        write(harness, "a", "b");
        OperatorSubtaskState first = harness.snapshot(1, 0);
        write(harness, "c");
        harness.notifyOfCompletedCheckpoint(1);
        OperatorSubtaskState second = harness.snapshot(2, 0);
        harness.getOperator().notifyCheckpointAborted(2);
        harness.snapshot(3, 0);

        start(first, 1, 0);
        assertEquals(Arrays.asList("0/0/a", "0/0/b"), last().restored);
        assertEquals(
                Arrays.asList("open", "addTable", "restore", "restore", "awaitReady"),
                last().calls);
        start(second, 1, 0);
        assertEquals(Arrays.asList("0/0/c"), last().restored);
    }

    @Test
    public void whatIsRestoredIsNotKeptASecondTime() throws Exception {
        OneInputStreamOperatorTestHarness<String, Object> harness = start(null, 1, 0);
        write(harness, "a");
        OneInputStreamOperatorTestHarness<String, Object> restored =
                start(harness.snapshot(1, 0), 1, 0);
        write(restored, "b");
        start(restored.snapshot(2, 0), 1, 0);
        assertEquals(Arrays.asList("0/0/b"), last().restored);
    }

    @Test
    public void rescalingKeepsASubtasksPiecesTogetherAndInOrder() throws Exception {
        List<List<String>> written =
                Arrays.asList(
                        Arrays.asList("a1", "a2", "a3", "a4", "a5"),
                        Arrays.asList("b1"),
                        Collections.<String>emptyList(),
                        Arrays.asList("d1", "d2"));
        OperatorSubtaskState[] states = new OperatorSubtaskState[written.size()];
        for (int i = 0; i < states.length; i++) {
            OneInputStreamOperatorTestHarness<String, Object> harness =
                    start(null, states.length, i);
            write(harness, written.get(i).toArray(new String[0]));
            states[i] = harness.snapshot(1, 0);
        }
        OperatorSubtaskState all = AbstractStreamOperatorTestHarness.repackageState(states);
        for (int parallelism : new int[] {1, 2, 3, 5, 9}) {
            List<String> seen = new ArrayList<>();
            for (int i = 0; i < parallelism; i++) {
                start(
                        AbstractStreamOperatorTestHarness.repartitionOperatorState(
                                all, MAX_PARALLELISM, states.length, parallelism, i),
                        parallelism,
                        i);
                String restored = last().restored.toString();
                for (List<String> rows : written) {
                    String pieces = "0/0/" + String.join(", 0/0/", rows);
                    if (!rows.isEmpty() && restored.contains("/" + rows.get(0))) {
                        assertTrue(restored, restored.contains(pieces));
                    }
                }
                seen.addAll(last().restored);
            }
            Collections.sort(seen);
            assertEquals(
                    "[0/0/a1, 0/0/a2, 0/0/a3, 0/0/a4, 0/0/a5, 0/0/b1, 0/0/d1, 0/0/d2]",
                    seen.toString());
        }
    }

    @Test
    public void aCheckpointThatFailsKeepsNothingAndTheNextAll() throws Exception {
        OneInputStreamOperatorTestHarness<String, Object> harness = start(null, 1, 0);
        Played library = last();
        write(harness, "a");
        library.checkpointFailure = new IllegalStateException("no room");
        assertThrows(Exception.class, () -> harness.snapshot(1, 0));
        library.checkpointFailure = null;
        library.stuck = true;
        Thread.currentThread().interrupt();
        assertThrows(Exception.class, () -> harness.snapshot(2, 0));
        library.stuck = false;
        write(harness, "b");
        start(harness.snapshot(3, 0), 1, 0);
        assertEquals(Arrays.asList("0/0/b"), last().restored);
        assertEquals(Arrays.asList("0/0/a", "0/0/b"), library.rows);
    }

    @Test
    public void aRestoreThatFailsOrIsInterruptedFreesTheWriter() throws Exception {
        OneInputStreamOperatorTestHarness<String, Object> harness = start(null, 1, 0);
        write(harness, "a");
        OperatorSubtaskState state = harness.snapshot(1, 0);
        Thread.currentThread().interrupt();
        PlayedSink.nextIsStuck = true;
        assertThrows(InterruptedException.class, () -> start(state, 1, 0));
        Played library = last();
        assertEquals(Arrays.asList("0/0/a"), library.restored);
        open.remove(open.size() - 1).close();
        assertEquals(Arrays.asList("cancel", "close"), library.callsAfter("restore"));
    }

    @Test
    public void outsideOfATaskClosingLoadsNothing() throws Exception {
        OneInputStreamOperatorTestHarness<String, Object> harness = start(null, 1, 0);
        write(harness, "a");
        open.remove(open.size() - 1).close();
        assertFalse(last().calls.contains("finish"));
        assertEquals(Arrays.asList("cancel", "close"), last().callsAfter("awaitReady"));
    }
}
