package com.starrocks.connector.flink.connector;

import static com.starrocks.connector.flink.connector.Samples.server;
import static com.starrocks.connector.flink.connector.Samples.values;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.starrocks.connector.flink.core.RecordingNative;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.table.api.DataTypes;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A writer above native methods that a test plays. */
public class StarRocksWriterTest {

    private final RecordingNative library = new RecordingNative();
    private final Metrics metrics = new Metrics();
    private final Counter recordsOut = new SimpleCounter();
    private final Counter bytesOut = new SimpleCounter();
    private StarRocksWriter<String> writer;

    @Before
    public void open() {
        writer =
                StarRocksWriter.open(
                        SinkPlan.raw(values(), any -> server("id int")),
                        new WriterContext(metrics, "a1b2", 3, 1)
                                .withTemporaryFolders(Arrays.asList("/a b", "/c"))
                                .withOutputCounters(recordsOut, bytesOut),
                        library::open);
    }

    @After
    public void clearInterrupt() {
        Thread.interrupted();
    }

    @Test
    public void theSessionIsToldWhoseItIs() {
        assertTrue(
                library.config.containsAll(
                        Arrays.asList(
                                "context.job-id=a1b2",
                                "context.subtask=3",
                                "context.attempt=1",
                                "context.zone-transitions",
                                "context.temporary-folders=/a b\n/c",
                                "sink.semantic=at-least-once",
                                "sink.version=AUTO",
                                "sink.exactly-once.in-doubt=fail",
                                "sink.exactly-once.enable-abort-lingering-txn=true",
                                "sink.exactly-once.check-num-lingering-txn=-1",
                                "sink.publish-timeout.ms=-1",
                                "sink.max-retries=3",
                                "load-url=fe1:8030;http://fe2:8030")));
    }

    @Test
    public void aCheckpointTakesTheRowsAndGivesItsState() throws Exception {
        library.state.addAll(Arrays.asList("p1", "p2"));
        library.turns = 2;
        writer.write("1");
        List<byte[]> state = writer.snapshot(7);
        assertEquals(2, state.size());
        assertArrayEquals("p1".getBytes(UTF_8), state.get(0));
        assertArrayEquals("p2".getBytes(UTF_8), state.get(1));
        writer.checkpointComplete(7);
        assertEquals(
                Arrays.asList(
                        "open",
                        "addTable",
                        "submit",
                        "beginCheckpoint 7",
                        "awaitCheckpoint",
                        "completeCheckpoint 7"),
                library.calls);
        assertEquals(Collections.emptyList(), writer.snapshot(8));
    }

    @Test
    public void theEndOfInputTakesTheRowsAndWaits() throws Exception {
        library.turns = 2;
        writer.write("1");
        writer.finish();
        assertEquals(Arrays.asList("open", "addTable", "submit", "finish", "await"), library.calls);
    }

    @Test
    public void restoredStateComesBeforeRowsInItsOrder() throws Exception {
        writer.restore(Arrays.asList("a1".getBytes(UTF_8), "a2".getBytes(UTF_8)));
        writer.restore(Arrays.asList("b1".getBytes(UTF_8)));
        library.turns = 3;
        writer.awaitReady();
        writer.write("1");
        writer.poll();
        assertEquals(Arrays.asList("a1", "a2", "b1"), library.restored);
        assertEquals(
                Arrays.asList(
                        "open",
                        "addTable",
                        "restore",
                        "restore",
                        "restore",
                        "awaitReady",
                        "submit"),
                library.calls);
    }

    @Test
    public void anInterruptEndsWaitingForTheRestoredState() {
        library.stuck = true;
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> writer.awaitReady());
    }

    @Test
    public void aFailedOrInterruptedCheckpointLeavesTheWriterUsable() throws Exception {
        writer.write("1");
        library.checkpointFailure = new IllegalStateException("no room");
        assertSame(
                library.checkpointFailure,
                assertThrows(IllegalStateException.class, () -> writer.snapshot(1)));
        library.checkpointFailure = null;
        library.stuck = true;
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> writer.snapshot(2));
        library.stuck = false;
        writer.write("2");
        library.state.add("p");
        assertEquals(1, writer.snapshot(3).size());
        writer.checkpointComplete(3);
        assertEquals(Arrays.asList("0/0/1", "0/0/2"), library.rows);
    }

    @Test
    public void aPollHandsOverWhatWaits() throws Exception {
        writer.write("1");
        assertFalse(library.calls.contains("submit"));
        writer.poll();
        assertEquals("submit", library.calls.get(library.calls.size() - 1));
        writer.poll();
        assertEquals(1, library.rows.size());
    }

    @Test
    public void withoutATimerRowsPoll() throws Exception {
        writer.withoutTimer();
        writer.write("1");
        assertEquals(Arrays.asList("0/0/1"), library.rows);
        writer.write("2");
        assertEquals(1, library.rows.size());
    }

    @Test
    public void aFailedLoadSurfacesWhenPolled() {
        library.failure = new IllegalStateException("load refused");
        assertSame(library.failure, assertThrows(IllegalStateException.class, () -> writer.poll()));
    }

    @Test
    public void aFailedLoadFailsTheCheckpointAndTheEnd() {
        library.failure = new IllegalStateException("load refused");
        assertSame(
                library.failure,
                assertThrows(IllegalStateException.class, () -> writer.snapshot(1)));
        assertSame(
                library.failure, assertThrows(IllegalStateException.class, () -> writer.finish()));
    }

    @Test
    public void anInterruptEndsTheWaitsForLoads() {
        library.stuck = true;
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> writer.finish());
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> writer.awaitLoaded());
    }

    @Test
    public void closingAbandonsAndHappensOnce() throws Exception {
        writer.write("1");
        writer.close();
        writer.close();
        writer.poll();
        assertEquals(Arrays.asList("open", "addTable", "cancel", "close"), library.calls);
    }

    @Test
    public void aPlanThatIsRefusedLeavesNothingOpen() {
        RecordingNative refusing =
                new RecordingNative() {
                    @Override
                    public int addTable(long session, byte[] table) {
                        throw new IllegalStateException("refused");
                    }
                };
        assertThrows(
                IllegalStateException.class,
                () ->
                        StarRocksWriter.open(
                                SinkPlan.raw(values(), any -> server("id int")),
                                new WriterContext(new Metrics(), "", 0, 0),
                                refusing::open));
        assertEquals(Arrays.asList("open", "close"), refusing.calls);
        refusing.calls.clear();
        assertThrows(
                IllegalStateException.class,
                () ->
                        StarRocksWriter.open(
                                SinkPlan.slots(
                                        values(),
                                        Samples.flink("", "id", DataTypes.INT().getLogicalType()),
                                        (slots, row) -> {},
                                        any -> server("id int")),
                                new WriterContext(new Metrics(), "", 0, 0),
                                refusing::open));
        assertEquals(Arrays.asList("open", "close"), refusing.calls);
    }

    @Test
    public void metricsHaveTheirPublishedAndStandardNames() {
        List<String> counters =
                Arrays.asList(
                        "totalFlushBytes",
                        "totalFlushRows",
                        "totalFlushTimeNs",
                        "totalFlushTimeNsWithoutRetries",
                        "totalFlushSucceededTimes",
                        "totalFlushFailedTimes",
                        "totalFilteredRows",
                        "totalInvokeRows",
                        "totalInvokeRowsTimeNs",
                        "totalFlushRetry",
                        "numBufferFull",
                        "numFlush",
                        "numFailLoads",
                        "numSuccessLoads",
                        "numLoadRetry",
                        "numNonFiniteAsNull",
                        "numIgnoredDeletes",
                        "numCommits",
                        "totalCommitTimeNs",
                        "numRollbacks",
                        "numResentTransactions",
                        "numRecordsSend",
                        "numBytesSend",
                        "numRecordsSendErrors");
        assertTrue(metrics.counters.keySet().containsAll(counters));
        assertTrue(
                metrics.gauges
                        .keySet()
                        .containsAll(
                                Arrays.asList(
                                        "maxBufferBytes",
                                        "currentBufferBytes",
                                        "numFlushTable",
                                        "numInflightLoads",
                                        "numInflightLoadRows",
                                        "numInflightLoadBytes",
                                        "heldBytes",
                                        "spilledBytes",
                                        "lastCheckpointBytes",
                                        "numRestoringPieces",
                                        "numOpenTransactions",
                                        "numPreparedTransactions",
                                        "stalled",
                                        "currentSendTime")));
        assertTrue(
                metrics.histograms
                        .keySet()
                        .containsAll(
                                Arrays.asList(
                                        "flushTimeNs",
                                        "flushTimeNsWithRetry",
                                        "flushRetry",
                                        "commitAndPublishTimeMs",
                                        "streamLoadPutTimeMs",
                                        "readDataTimeMs",
                                        "writeDataTimeMs",
                                        "loadTimeMs",
                                        "waitBufferTimeMs",
                                        "offerTimeNs",
                                        "serverTimeMs")));
    }

    /** Once for a block of rows, not once for a row. */
    @Test
    public void theTimeToHandOverBlocksIsMeasured() throws Exception {
        writer.write("1");
        writer.write("2");
        writer.poll();
        writer.poll();
        Histogram times = metrics.histograms.get("offerTimeNs");
        assertEquals(1, times.getCount());
        long first = times.getStatistics().getMax();
        assertTrue("" + first, first > 0);
        assertEquals(first, metrics.counters.get("totalInvokeRowsTimeNs").getCount());
        writer.write("3");
        writer.poll();
        assertEquals(2, times.getCount());
        assertTrue(metrics.counters.get("totalInvokeRowsTimeNs").getCount() > first);
    }

    @Test
    public void metricsCountLoadsAndFailures() throws Exception {
        library.count(2, 40);
        library.count(3, 900);
        library.count(5, 2);
        library.count(19, 7_000_000);
        library.loaded(true, 40, 900, 12_000_000, 5);
        library.loaded(false, 3, 30, 8_000_000, -1);
        writer.poll();
        assertEquals(40, metrics.counters.get("numRecordsSend").getCount());
        assertEquals(900, metrics.counters.get("numBytesSend").getCount());
        assertEquals(2, metrics.counters.get("totalFlushFailedTimes").getCount());
        assertEquals(3, metrics.counters.get("numRecordsSendErrors").getCount());
        assertEquals(8L, metrics.gauges.get("currentSendTime").getValue());
        assertEquals(2, metrics.histograms.get("flushTimeNsWithRetry").getCount());
        // The native half doesn't say of a failed load how long its last try was.
        for (String name : new String[] {"flushTimeNs", "flushRetry"}) {
            assertEquals(1, metrics.histograms.get(name).getCount());
            assertTrue(metrics.histograms.get(name).getStatistics().getMin() >= 0);
        }
        assertEquals(1, metrics.histograms.get("loadTimeMs").getCount());
        assertEquals(5, metrics.histograms.get("loadTimeMs").getStatistics().getMax());
        assertEquals(7, metrics.histograms.get("waitBufferTimeMs").getStatistics().getMax());
        assertEquals(40, recordsOut.getCount());
        assertEquals(900, bytesOut.getCount());
        library.count(2, 50);
        writer.awaitLoaded();
        assertEquals(50, recordsOut.getCount());
    }

    @Test
    public void histogramsForgetWhatLeavesTheWindow() {
        SlidingHistogram histogram = new SlidingHistogram(3);
        assertEquals(0, histogram.getStatistics().size());
        for (long value : new long[] {1000, 4, 2, 6}) {
            histogram.update(value);
        }
        assertEquals(4, histogram.getCount());
        assertEquals(3, histogram.getStatistics().size());
        assertEquals(6, histogram.getStatistics().getMax());
        assertEquals(2, histogram.getStatistics().getMin());
        assertEquals(4, histogram.getStatistics().getMean(), 0);
        assertEquals(2, histogram.getStatistics().getStdDev(), 0);
        assertEquals(4, histogram.getStatistics().getQuantile(0.5), 0);
        assertEquals(6, histogram.getStatistics().getQuantile(0.99), 0);
    }

    /** Keeps what is registered. */
    private static final class Metrics extends UnregisteredMetricsGroup {

        private final Map<String, Counter> counters = new HashMap<>();
        private final Map<String, Gauge<?>> gauges = new HashMap<>();
        private final Map<String, Histogram> histograms = new HashMap<>();

        @Override
        public <C extends Counter> C counter(String name, C counter) {
            counters.put(name, counter);
            return counter;
        }

        @Override
        public <T, G extends Gauge<T>> G gauge(String name, G gauge) {
            gauges.put(name, gauge);
            return gauge;
        }

        @Override
        public <H extends Histogram> H histogram(String name, H histogram) {
            histograms.put(name, histogram);
            return histogram;
        }
    }
}
