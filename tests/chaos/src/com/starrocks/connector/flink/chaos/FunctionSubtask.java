package com.starrocks.connector.flink.chaos;

import com.starrocks.connector.flink.connector.StarRocksWriter;

import org.apache.flink.api.common.JobID;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamSink;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.util.InstantiationUtil;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/**
 * A subtask of a sink function in Flink's operator harness, called as Flink's task would. One
 * thread, but for {@link #cancel}.
 */
final class FunctionSubtask implements Subtask {

    private final SinkFunction<Object> function;
    private final MockEnvironment environment;
    private final OneInputStreamOperatorTestHarness<Object, Object> harness;

    /**
     * A subtask not opened yet, of a function as it comes out of the job graph.
     *
     * @param execution the execution that it belongs to; null if unknown
     */
    FunctionSubtask(
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
                Subtask.environment(job, operator, execution, temporaryFolder, parallelism, index);
        harness = new OneInputStreamOperatorTestHarness<>(new StreamSink<>(function), environment);
        Subtask.configure(harness, operator);
    }

    @Override
    public void open(OperatorSubtaskState[] states, long checkpoint) throws Exception {
        OperatorSubtaskState state = states == null ? null : states[0];
        harness.setup();
        if (state == null) {
            harness.initializeEmptyState();
        } else {
            if (!Subtask.HAS_DISPOSE) {
                call(harness, "setRestoredCheckpointId", checkpoint);
            }
            harness.initializeState(state);
        }
        harness.open();
    }

    @Override
    public void process(Object row) throws Exception {
        harness.processElement(new StreamRecord<>(row));
    }

    @Override
    public void time(long millis) throws Exception {
        harness.setProcessingTime(millis);
    }

    @Override
    public OperatorSubtaskState[] snapshot(long checkpoint) throws Exception {
        harness.prepareSnapshotPreBarrier(checkpoint);
        return new OperatorSubtaskState[] {harness.snapshot(checkpoint, checkpoint)};
    }

    @Override
    public void completed(long checkpoint) throws Exception {
        harness.notifyOfCompletedCheckpoint(checkpoint);
    }

    @Override
    public void aborted(long checkpoint) throws Exception {
        harness.getOperator().notifyCheckpointAborted(checkpoint);
    }

    @Override
    public void finish() throws Exception {
        if (!Subtask.HAS_DISPOSE) {
            call(harness.getOperator(), "finish");
        }
    }

    @Override
    public void end() throws Exception {
        StreamOperator<?> operator = harness.getOperator();
        TaskFrame.call(
                () -> {
                    operator.close();
                    return null;
                });
        if (Subtask.HAS_DISPOSE) {
            call(operator, "dispose");
        }
        environment.close();
    }

    @Override
    public void close() throws Exception {
        try {
            StreamOperator<?> operator = harness.getOperator();
            if (Subtask.HAS_DISPOSE) {
                call(operator, "dispose");
            } else {
                operator.close();
            }
        } finally {
            environment.close();
        }
    }

    @Override
    public void cancel() throws ReflectiveOperationException {
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
