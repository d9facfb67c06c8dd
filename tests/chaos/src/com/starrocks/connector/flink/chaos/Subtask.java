package com.starrocks.connector.flink.chaos;

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
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;

/**
 * A subtask of a sink in Flink's operator harness, called as Flink's task would. One thread, but
 * for {@link #cancel}.
 */
interface Subtask {

    /** Key groups; no scenario has more subtasks. */
    int MAX_PARALLELISM = 8;

    /** Up to Flink 1.13, operators end otherwise. */
    boolean HAS_DISPOSE = hasDispose();

    /** Restores and opens; null for no state. */
    void open(OperatorSubtaskState[] states, long checkpoint) throws Exception;

    void process(Object row) throws Exception;

    /** Timers that are due by then fire. */
    void time(long millis) throws Exception;

    /** The state of each of its operators. */
    OperatorSubtaskState[] snapshot(long checkpoint) throws Exception;

    void completed(long checkpoint) throws Exception;

    void aborted(long checkpoint) throws Exception;

    /** End of the input; before Flink 1.14 there is no other sign of it than {@link #end}. */
    void finish() throws Exception;

    /** Ends it as Flink does when the job has finished or is stopped with a savepoint. */
    void end() throws Exception;

    /** Ends it as Flink does after a failure or cancellation. */
    void close() throws Exception;

    /** Has its native session cancelled, from any thread. */
    void cancel() throws ReflectiveOperationException;

    /**
     * A subtask not opened yet, of a sink as it comes out of the job graph.
     *
     * @param planned a {@code SinkFunction}, or a {@code Sink}
     * @param execution the execution that it belongs to; null if unknown
     */
    @SuppressWarnings("unchecked")
    static Subtask of(
            Object planned,
            JobID job,
            OperatorID operator,
            Execution execution,
            String temporaryFolder,
            int parallelism,
            int index)
            throws Exception {
        return planned instanceof SinkFunction
                ? new FunctionSubtask(
                        (SinkFunction<Object>) planned,
                        job,
                        operator,
                        execution,
                        temporaryFolder,
                        parallelism,
                        index)
                : new SinkV2Subtask(
                        planned, job, operator, execution, temporaryFolder, parallelism, index);
    }

    /** Where an operator runs. */
    static MockEnvironment environment(
            JobID job,
            OperatorID operator,
            Execution execution,
            String temporaryFolder,
            int parallelism,
            int index)
            throws ReflectiveOperationException {
        MockEnvironment environment =
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
        return environment;
    }

    /** Sets what all operators have in common. */
    static void configure(AbstractStreamOperatorTestHarness<?> harness, OperatorID operator) {
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

    /** A subtask's part of a state that was taken with another parallelism. */
    static OperatorSubtaskState[] part(OperatorSubtaskState[][] states, int parallelism, int index)
            throws Exception {
        if (states.length == parallelism) {
            return states[index];
        }
        OperatorSubtaskState[] parts = new OperatorSubtaskState[states[0].length];
        for (int operator = 0; operator < parts.length; operator++) {
            OperatorSubtaskState[] all = new OperatorSubtaskState[states.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = states[i][operator];
            }
            parts[operator] =
                    AbstractStreamOperatorTestHarness.repartitionOperatorState(
                            AbstractStreamOperatorTestHarness.repackageState(all),
                            MAX_PARALLELISM,
                            all.length,
                            parallelism,
                            index);
        }
        return parts;
    }
}
