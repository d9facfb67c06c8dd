package com.starrocks.connector.flink.chaos;

import com.starrocks.connector.flink.connector.StarRocksWriter;

import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.JobVertexID;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.runtime.state.storage.JobManagerCheckpointStorage;
import org.apache.flink.runtime.util.TestingTaskManagerRuntimeInfo;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamSink;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.util.InstantiationUtil;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/**
 * A subtask of a sink in Flink's operator harness, called as Flink's task would. One thread, but
 * for {@link #cancel}.
 */
final class Subtask {

    /** Key groups; no scenario has more subtasks. */
    static final int MAX_PARALLELISM = 8;

    /** Up to Flink 1.13, operators end otherwise. */
    private static final boolean HAS_DISPOSE = hasDispose();

    private final SinkFunction<Object> function;
    private final MockEnvironment environment;
    private final OneInputStreamOperatorTestHarness<Object, Object> harness;

    /**
     * A subtask not opened yet, of a function as it comes out of the job graph.
     *
     * @param execution the execution that it belongs to; null if unknown
     */
    Subtask(
            SinkFunction<Object> planned,
            JobID job,
            OperatorID operator,
            Execution execution,
            String temporaryFolder,
            int parallelism,
            int index)
            throws Exception {
        function = InstantiationUtil.clone(planned);
        environment =
                new MockEnvironmentBuilder()
                        .setTaskName("sink")
                        .setJobID(job)
                        .setMaxParallelism(MAX_PARALLELISM)
                        .setParallelism(parallelism)
                        .setSubtaskIndex(index)
                        .setTaskManagerRuntimeInfo(
                                new TestingTaskManagerRuntimeInfo(
                                        new Configuration(), temporaryFolder))
                        .build();
        if (execution != null) {
            execution.stamp(
                    environment,
                    new JobVertexID(operator.getLowerPart(), operator.getUpperPart()),
                    parallelism,
                    index);
        }
        harness = new OneInputStreamOperatorTestHarness<>(new StreamSink<>(function), environment);
        harness.getStreamConfig().setOperatorID(operator);
        harness.getStreamConfig().setCheckpointingEnabled(true);
        // The harness's own state backend would keep its own storage, of at most 5 MB.
        harness.setStateBackend(new HashMapStateBackend());
        harness.setCheckpointStorage(new JobManagerCheckpointStorage(Integer.MAX_VALUE));
    }

    /** A new execution of the job's graph; null where Flink doesn't tell of it. */
    static Execution newExecution() {
        return HAS_DISPOSE ? null : new Execution();
    }

    private static boolean hasDispose() {
        try {
            StreamOperator.class.getMethod("dispose");
            return true;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    /** Restores and opens; null for no state. */
    void open(OperatorSubtaskState state, long checkpoint) throws Exception {
        harness.setup();
        if (state == null) {
            harness.initializeEmptyState();
        } else {
            if (!HAS_DISPOSE) {
                call(harness, "setRestoredCheckpointId", checkpoint);
            }
            harness.initializeState(state);
        }
        harness.open();
    }

    /** A subtask's part of a state that was taken with another parallelism. */
    static OperatorSubtaskState part(OperatorSubtaskState[] states, int parallelism, int index)
            throws Exception {
        if (states.length == parallelism) {
            return states[index];
        }
        return AbstractStreamOperatorTestHarness.repartitionOperatorState(
                AbstractStreamOperatorTestHarness.repackageState(states),
                MAX_PARALLELISM,
                states.length,
                parallelism,
                index);
    }

    void process(Object row) throws Exception {
        harness.processElement(new StreamRecord<>(row));
    }

    /** Timers that are due by then fire. */
    void time(long millis) throws Exception {
        harness.setProcessingTime(millis);
    }

    OperatorSubtaskState snapshot(long checkpoint) throws Exception {
        harness.prepareSnapshotPreBarrier(checkpoint);
        return harness.snapshot(checkpoint, checkpoint);
    }

    void completed(long checkpoint) throws Exception {
        harness.notifyOfCompletedCheckpoint(checkpoint);
    }

    void aborted(long checkpoint) throws Exception {
        harness.getOperator().notifyCheckpointAborted(checkpoint);
    }

    /** End of the input; before Flink 1.14 there is no other sign of it than {@link #end}. */
    void finish() throws Exception {
        if (!HAS_DISPOSE) {
            call(harness.getOperator(), "finish");
        }
    }

    /** Ends it as Flink does when the job has finished or is stopped with a savepoint. */
    void end() throws Exception {
        StreamOperator<?> operator = harness.getOperator();
        TaskFrame.call(
                () -> {
                    operator.close();
                    return null;
                });
        if (HAS_DISPOSE) {
            call(operator, "dispose");
        }
        environment.close();
    }

    /** Ends it as Flink does after a failure or cancellation. */
    void close() throws Exception {
        try {
            StreamOperator<?> operator = harness.getOperator();
            if (HAS_DISPOSE) {
                call(operator, "dispose");
            } else {
                operator.close();
            }
        } finally {
            environment.close();
        }
    }

    /** Has its native session cancelled, from any thread. */
    void cancel() throws ReflectiveOperationException {
        Field field = function.getClass().getDeclaredField("writer");
        field.setAccessible(true);
        StarRocksWriter<?> writer = (StarRocksWriter<?>) field.get(function);
        if (writer != null) {
            writer.cancel();
        }
    }

    private static void call(Object target, String name, long... argument) throws Exception {
        Method method =
                argument.length == 0
                        ? target.getClass().getMethod(name)
                        : target.getClass().getMethod(name, long.class);
        try {
            if (argument.length == 0) {
                method.invoke(target);
            } else {
                method.invoke(target, argument[0]);
            }
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exception) {
                throw (Exception) e.getCause();
            }
            throw e;
        }
    }
}
