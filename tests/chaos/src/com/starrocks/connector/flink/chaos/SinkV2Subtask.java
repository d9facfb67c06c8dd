package com.starrocks.connector.flink.chaos;

import com.starrocks.connector.flink.connector.StarRocksWriter;
import com.starrocks.connector.flink.sink2.SinkV2Writer;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;

import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessageTypeInfo;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.runtime.operators.sink.CommitterOperatorFactory;
import org.apache.flink.streaming.runtime.operators.sink.SinkWriterOperatorFactory;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.util.InstantiationUtil;

import java.lang.reflect.Field;
import java.util.List;

/** A subtask of a Sink V2: its writer, and behind it its committer, in operators of Flink's own. */
final class SinkV2Subtask implements Subtask {

    private final SupportsCommitter<StarRocksCommittable> sink;
    private final int index;
    private final MockEnvironment[] environments = new MockEnvironment[2];
    private final OneInputStreamOperatorTestHarness<
                    Object, CommittableMessage<StarRocksCommittable>>
            writer;
    private final OneInputStreamOperatorTestHarness<
                    CommittableMessage<StarRocksCommittable>,
                    CommittableMessage<StarRocksCommittable>>
            committer;

    /** See {@link Subtask#of}. */
    @SuppressWarnings("unchecked")
    SinkV2Subtask(
            Object planned,
            JobID job,
            OperatorID operator,
            Execution execution,
            String temporaryFolder,
            int parallelism,
            int index)
            throws Exception {
        this.index = index;
        Sink<Object> cloned = InstantiationUtil.clone((Sink<Object>) planned);
        sink = (SupportsCommitter<StarRocksCommittable>) cloned;
        for (int i = 0; i < environments.length; i++) {
            environments[i] =
                    Subtask.environment(
                            job, operator, execution, temporaryFolder, parallelism, index);
        }
        writer =
                new OneInputStreamOperatorTestHarness<>(
                        new SinkWriterOperatorFactory<>(cloned), environments[0]);
        committer =
                new OneInputStreamOperatorTestHarness<>(
                        new CommitterOperatorFactory<>(sink, false, true), environments[1]);
        Subtask.configure(writer, operator);
        Subtask.configure(
                committer, new OperatorID(operator.getLowerPart() + 1, operator.getUpperPart()));
    }

    /** Committers first, as in a chain; or not, as where the two are tasks of their own. */
    @Override
    public void open(OperatorSubtaskState[] states, long checkpoint) throws Exception {
        boolean committerFirst = (checkpoint + index) % 3 != 0;
        if (committerFirst) {
            open(committer, states == null ? null : states[1], checkpoint);
        }
        open(writer, states == null ? null : states[0], checkpoint);
        if (!committerFirst) {
            open(committer, states == null ? null : states[1], checkpoint);
        }
    }

    private void open(
            AbstractStreamOperatorTestHarness<CommittableMessage<StarRocksCommittable>> harness,
            OperatorSubtaskState state,
            long checkpoint)
            throws Exception {
        harness.setup(
                CommittableMessageTypeInfo.of(sink::getCommittableSerializer)
                        .createSerializer(new SerializerConfigImpl()));
        if (state == null) {
            harness.initializeEmptyState();
        } else {
            harness.setRestoredCheckpointId(checkpoint);
            harness.initializeState(state);
        }
        harness.open();
    }

    @Override
    public void process(Object row) throws Exception {
        writer.processElement(new StreamRecord<>(row));
    }

    @Override
    public void time(long millis) throws Exception {
        writer.setProcessingTime(millis);
        committer.setProcessingTime(millis);
    }

    @Override
    public OperatorSubtaskState[] snapshot(long checkpoint) throws Exception {
        writer.prepareSnapshotPreBarrier(checkpoint);
        passOn();
        committer.prepareSnapshotPreBarrier(checkpoint);
        return new OperatorSubtaskState[] {
            writer.snapshot(checkpoint, checkpoint), committer.snapshot(checkpoint, checkpoint)
        };
    }

    private void passOn() throws Exception {
        for (Object message = writer.getOutput().poll();
                message != null;
                message = writer.getOutput().poll()) {
            @SuppressWarnings("unchecked")
            StreamRecord<CommittableMessage<StarRocksCommittable>> committable =
                    (StreamRecord<CommittableMessage<StarRocksCommittable>>) message;
            committer.processElement(committable);
        }
    }

    @Override
    public void completed(long checkpoint) throws Exception {
        writer.notifyOfCompletedCheckpoint(checkpoint);
        committer.notifyOfCompletedCheckpoint(checkpoint);
    }

    @Override
    public void aborted(long checkpoint) throws Exception {
        writer.getOperator().notifyCheckpointAborted(checkpoint);
        committer.getOperator().notifyCheckpointAborted(checkpoint);
    }

    @Override
    public void finish() throws Exception {
        writer.endInput();
        writer.getOperator().finish();
        passOn();
        committer.endInput();
        committer.getOperator().finish();
    }

    @Override
    public void end() throws Exception {
        close();
    }

    @Override
    public void close() throws Exception {
        Exception first = null;
        for (AutoCloseable part :
                List.<AutoCloseable>of(
                        () -> close(writer.getOperator()),
                        () -> close(committer.getOperator()),
                        environments[0],
                        environments[1])) {
            try {
                part.close();
            } catch (Exception e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }

    /** Null if opening it failed before there was one. */
    private static void close(StreamOperator<?> operator) throws Exception {
        if (operator != null) {
            operator.close();
        }
    }

    @Override
    public void cancel() throws ReflectiveOperationException {
        Object operator = writer.getOperator();
        Object sinkWriter =
                operator == null ? null : read(operator.getClass(), "sinkWriter", operator);
        if (sinkWriter != null) {
            ((StarRocksWriter<?>) read(SinkV2Writer.class, "writer", sinkWriter)).cancel();
        }
    }

    private static Object read(Class<?> type, String name, Object object)
            throws ReflectiveOperationException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(object);
    }
}
