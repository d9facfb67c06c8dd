package com.starrocks.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;

import org.apache.flink.streaming.api.functions.source.SourceFunction;

import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;

/**
 * So many rows, in the thread that also runs the sink. It notes when the first row comes, and what
 * the threads of this JVM allocate from then to the last one, in bytes.
 */
@SuppressWarnings("deprecation") // sources of this kind cost the least per row
final class RowSource<T> implements SourceFunction<T> {
    private static final long serialVersionUID = 1;

    /** Rows that go out under one lock. */
    private static final int STEP = 256;

    static volatile long cpuAtFirst;
    static volatile long wallAtFirst;
    static volatile long taskAllocated;
    static volatile long allAllocated;

    private final Rows.Factory<T> factory;
    private final long count;
    private volatile boolean running = true;

    RowSource(Rows.Factory<T> factory, long count) {
        this.factory = factory;
        this.count = count;
    }

    @Override
    public void run(SourceContext<T> context) {
        Rows<T> rows = factory.create();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Map<Long, Long> before = allocated(threads);
        wallAtFirst = System.nanoTime();
        cpuAtFirst = processCpu();
        for (long number = 0; running && number < count; ) {
            long end = Math.min(count, number + STEP);
            synchronized (context.getCheckpointLock()) {
                for (; number < end; number++) {
                    context.collect(rows.next(number));
                }
            }
        }
        Map<Long, Long> after = allocated(threads);
        long sum = 0;
        for (Map.Entry<Long, Long> thread : after.entrySet()) {
            sum += Math.max(0, thread.getValue() - before.getOrDefault(thread.getKey(), 0L));
        }
        long own = Thread.currentThread().getId();
        taskAllocated = after.get(own) - before.get(own);
        allAllocated = sum;
    }

    /** CPU time of this process, of all its threads, in nanoseconds. */
    static long processCpu() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static Map<Long, Long> allocated(ThreadMXBean threads) {
        long[] ids = threads.getAllThreadIds();
        long[] bytes = threads.getThreadAllocatedBytes(ids);
        Map<Long, Long> allocated = new HashMap<>();
        for (int i = 0; i < ids.length; i++) {
            allocated.put(ids[i], bytes[i]);
        }
        return allocated;
    }

    @Override
    public void cancel() {
        running = false;
    }
}
