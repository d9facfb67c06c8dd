package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.LoadReport;
import com.starrocks.connector.flink.core.NativeCounters;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.SimpleCounter;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The metrics of a subtask: those of the published Java connector under its names, and Flink's
 * standard ones for sinks. Most read the native counters when a reporter asks, and cost a row
 * nothing.
 */
final class SinkMetrics {

    private final WriterContext context;
    private final NativeCounters counters;
    private final Counter ignoredDeletes = new SimpleCounter();
    private final Counter failedRows;
    private final Histogram flushTime;
    private final Histogram flushTimeWithRetries;
    private final Histogram flushRetries;
    private final Histogram loadTime;
    private final Histogram serverTime;
    private final Histogram putTime;
    private final Histogram readTime;
    private final Histogram writeTime;
    private final Histogram commitTime;
    private final Histogram waitTime;
    private final Histogram offerTime;

    private volatile long lastSendMillis;

    /** Written by the thread that uses the writer alone. */
    private volatile long offerNanos;

    private long waitNanosSeen;
    private long rowsSeen;
    private long bytesSeen;

    /** Registers the metrics of a session in the context's group. */
    SinkMetrics(WriterContext context, NativeCounters counters, int window) {
        this.context = context;
        this.counters = counters;
        MetricGroup group = context.metrics();
        this.flushTime = group.histogram("flushTimeNs", new SlidingHistogram(window));
        this.flushTimeWithRetries =
                group.histogram("flushTimeNsWithRetry", new SlidingHistogram(window));
        this.flushRetries = group.histogram("flushRetry", new SlidingHistogram(window));
        this.loadTime = group.histogram("loadTimeMs", new SlidingHistogram(window));
        this.serverTime = group.histogram("serverTimeMs", new SlidingHistogram(window));
        this.putTime = group.histogram("streamLoadPutTimeMs", new SlidingHistogram(window));
        this.readTime = group.histogram("readDataTimeMs", new SlidingHistogram(window));
        this.writeTime = group.histogram("writeDataTimeMs", new SlidingHistogram(window));
        this.commitTime = group.histogram("commitAndPublishTimeMs", new SlidingHistogram(window));
        this.waitTime = group.histogram("waitBufferTimeMs", new SlidingHistogram(window));
        this.offerTime = group.histogram("offerTimeNs", new SlidingHistogram(window));

        counter("totalInvokeRows", counters::rowsIn);
        // What a row costs before its block is full isn't measured: looking at the clock costs
        // more.
        counter("totalInvokeRowsTimeNs", () -> offerNanos);
        counter("totalFlushBytes", counters::bytesLoaded);
        counter("totalFlushRows", counters::rowsLoaded);
        counter("totalFlushTimeNs", counters::flushNanos);
        counter("totalFlushTimeNsWithoutRetries", counters::flushNanosWithoutRetries);
        counter("totalFlushSucceededTimes", counters::loadsOk);
        counter("totalFlushFailedTimes", counters::loadsFailed);
        counter("totalFlushRetry", counters::loadRetries);
        counter("totalFilteredRows", counters::rowsFiltered);
        counter("totalUnselectedRows", counters::rowsUnselected);
        counter("numBufferFull", counters::timesBufferFull);
        counter("numFlush", counters::batchesSealed);
        counter("numSuccessLoads", counters::loadsOk);
        counter("numFailLoads", counters::loadsFailed);
        counter("numLoadRetry", counters::loadRetries);
        counter("numNonFiniteAsNull", counters::nonFiniteAsNull);
        counter("numCommits", counters::commits);
        counter("totalCommitTimeNs", counters::commitNanos);
        counter("numRollbacks", counters::rollbacks);
        counter("numResentTransactions", counters::resentTransactions);
        group.counter("numIgnoredDeletes", ignoredDeletes);

        gauge("maxBufferBytes", counters::memoryMax);
        gauge("currentBufferBytes", counters::bufferedBytes);
        gauge("nativeMemoryBytes", counters::memoryUsed);
        gauge("numFlushTable", counters::tables);
        gauge("numInflightLoads", counters::inflightLoads);
        gauge("numInflightLoadRows", counters::inflightRows);
        gauge("numInflightLoadBytes", counters::inflightBytes);
        gauge("heldBytes", counters::heldBytes);
        gauge("spilledBytes", counters::spilledBytes);
        gauge("lastCheckpointBytes", counters::lastCheckpointBytes);
        gauge("numRestoringPieces", counters::restoringPieces);
        gauge("numOpenTransactions", counters::openTransactions);
        gauge("numPreparedTransactions", counters::preparedTransactions);
        gauge("stalled", counters::stalled);

        // Flink's standard names for sinks (FLIP-33).
        if (context.recordsSent() == null) {
            counter("numRecordsSend", counters::rowsLoaded);
            counter("numBytesSend", counters::bytesLoaded);
            failedRows = group.counter("numRecordsSendErrors", new SimpleCounter());
        } else {
            failedRows = context.sendErrors();
        }
        gauge("currentSendTime", () -> lastSendMillis);
    }

    /** Counts rows dropped because of {@link SinkOptions#IGNORE_DELETE}. */
    Counter ignoredDeletes() {
        return ignoredDeletes;
    }

    /** Takes in how a load went. */
    void loadFinished(LoadReport load) {
        known(flushTime, load.totalNanosWithoutRetries());
        flushTimeWithRetries.update(load.totalNanos());
        known(flushRetries, load.retries());
        lastSendMillis = TimeUnit.NANOSECONDS.toMillis(load.totalNanos());
        if (!load.ok()) {
            failedRows.inc(load.rows());
        }
        known(loadTime, load.loadMillis());
        known(serverTime, load.loadMillis());
        known(putTime, load.putMillis());
        known(readTime, load.readMillis());
        known(writeTime, load.writeMillis());
        known(commitTime, load.commitPublishMillis());
    }

    /** Takes in how long a block of rows took to be handed over, waits for memory included. */
    void handedOver(long nanos) {
        offerTime.update(nanos);
        offerNanos += nanos;
    }

    /** Takes in what the counters show since the last time; called about once a second. */
    void update() {
        long waitNanos = counters.waitNanos();
        if (waitNanos > waitNanosSeen) {
            waitTime.update(TimeUnit.NANOSECONDS.toMillis(waitNanos - waitNanosSeen));
            waitNanosSeen = waitNanos;
        }
        long rows = counters.rowsLoaded();
        long bytes = counters.bytesLoaded();
        add(context.recordsOut(), rows - rowsSeen);
        add(context.bytesOut(), bytes - bytesSeen);
        add(context.recordsSent(), rows - rowsSeen);
        add(context.bytesSent(), bytes - bytesSeen);
        rowsSeen = rows;
        bytesSeen = bytes;
    }

    private static void add(Counter counter, long more) {
        if (counter != null) {
            counter.inc(more);
        }
    }

    /** What wasn't measured is -1: by the server, or of a load that failed. */
    private static void known(Histogram histogram, long value) {
        if (value >= 0) {
            histogram.update(value);
        }
    }

    private void counter(String name, LongSupplier value) {
        context.metrics().counter(name, new View(value));
    }

    private void gauge(String name, LongSupplier value) {
        context.metrics().<Long, Gauge<Long>>gauge(name, value::getAsLong);
    }

    /** A counter that is counted elsewhere. */
    private static final class View implements Counter {

        private final LongSupplier value;

        View(LongSupplier value) {
            this.value = value;
        }

        @Override
        public long getCount() {
            return value.getAsLong();
        }

        @Override
        public void inc() {
            throw readOnly();
        }

        @Override
        public void inc(long n) {
            throw readOnly();
        }

        @Override
        public void dec() {
            throw readOnly();
        }

        @Override
        public void dec(long n) {
            throw readOnly();
        }

        private static UnsupportedOperationException readOnly() {
            return new UnsupportedOperationException("the native half counts this");
        }
    }
}
