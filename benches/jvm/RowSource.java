package com.starrocks.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;

import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource.NumberSequenceSplit;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * So many rows, in the thread that also runs the sink. It notes when the first row comes, and what
 * the threads of this JVM allocate from then to the last one, in bytes.
 *
 * <p>It is a source of the newer kind since writers of {@code sinkTo} are not chained to the older
 * ones: their rows would go through a network buffer. Its splits are those of a sequence of
 * numbers; they are not looked at.
 */
final class RowSource<T>
        implements Source<T, NumberSequenceSplit, Collection<NumberSequenceSplit>> {
    private static final long serialVersionUID = 1;

    /** Rows of one poll, so that polling costs next to nothing. */
    private static final int STEP = 256;

    static volatile long cpuAtFirst;
    static volatile long wallAtFirst;
    static volatile long taskAllocated;
    static volatile long allAllocated;

    private final Rows.Factory<T> factory;
    private final long count;
    private final NumberSequenceSource splits = new NumberSequenceSource(1, 1);

    RowSource(Rows.Factory<T> factory, long count) {
        this.factory = factory;
        this.count = count;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.BOUNDED;
    }

    @Override
    public SourceReader<T, NumberSequenceSplit> createReader(SourceReaderContext context) {
        return new Reader<>(factory.create(), count);
    }

    @Override
    public SplitEnumerator<NumberSequenceSplit, Collection<NumberSequenceSplit>> createEnumerator(
            SplitEnumeratorContext<NumberSequenceSplit> context) {
        return splits.createEnumerator(context);
    }

    @Override
    public SplitEnumerator<NumberSequenceSplit, Collection<NumberSequenceSplit>> restoreEnumerator(
            SplitEnumeratorContext<NumberSequenceSplit> context,
            Collection<NumberSequenceSplit> checkpoint) {
        return splits.restoreEnumerator(context, checkpoint);
    }

    @Override
    public SimpleVersionedSerializer<NumberSequenceSplit> getSplitSerializer() {
        return splits.getSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<Collection<NumberSequenceSplit>>
            getEnumeratorCheckpointSerializer() {
        return splits.getEnumeratorCheckpointSerializer();
    }

    /** CPU time of this process, of all its threads, in nanoseconds. */
    static long processCpu() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static final class Reader<T> implements SourceReader<T, NumberSequenceSplit> {
        private static final ThreadMXBean THREADS =
                (ThreadMXBean) ManagementFactory.getThreadMXBean();

        private final Rows<T> rows;
        private final long count;
        private long number;
        private Map<Long, Long> before;

        Reader(Rows<T> rows, long count) {
            this.rows = rows;
            this.count = count;
        }

        @Override
        public void start() {}

        @Override
        public InputStatus pollNext(ReaderOutput<T> output) {
            if (before == null) {
                before = allocated();
                wallAtFirst = System.nanoTime();
                cpuAtFirst = processCpu();
            }
            long end = Math.min(count, number + STEP);
            for (; number < end; number++) {
                output.collect(rows.next(number));
            }
            if (number < count) {
                return InputStatus.MORE_AVAILABLE;
            }
            finish();
            return InputStatus.END_OF_INPUT;
        }

        private void finish() {
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                if (thread.getName().startsWith("OutputFlusher")) {
                    throw new IllegalStateException("the sink is not chained to the source");
                }
            }
            Map<Long, Long> after = allocated();
            long sum = 0;
            for (Map.Entry<Long, Long> thread : after.entrySet()) {
                sum += Math.max(0, thread.getValue() - before.getOrDefault(thread.getKey(), 0L));
            }
            long own = Thread.currentThread().getId();
            taskAllocated = after.get(own) - before.get(own);
            allAllocated = sum;
        }

        /** Bytes that each thread has allocated so far. */
        private static Map<Long, Long> allocated() {
            long[] ids = THREADS.getAllThreadIds();
            long[] bytes = THREADS.getThreadAllocatedBytes(ids);
            Map<Long, Long> allocated = new HashMap<>();
            for (int i = 0; i < ids.length; i++) {
                allocated.put(ids[i], bytes[i]);
            }
            return allocated;
        }

        @Override
        public List<NumberSequenceSplit> snapshotState(long checkpoint) {
            return List.of();
        }

        @Override
        public CompletableFuture<Void> isAvailable() {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void addSplits(List<NumberSequenceSplit> added) {}

        @Override
        public void notifyNoMoreSplits() {}

        @Override
        public void close() {}
    }
}
