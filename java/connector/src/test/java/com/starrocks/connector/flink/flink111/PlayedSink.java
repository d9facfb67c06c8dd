package com.starrocks.connector.flink.flink111;

import com.starrocks.connector.flink.connector.PlayedWriters;
import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.connector.StarRocksWriter;
import com.starrocks.connector.flink.connector.WriterContext;
import com.starrocks.connector.flink.core.RecordingNative;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The sink function above native methods that write down what they are called with. */
final class PlayedSink extends StarRocksSinkFunction<String> {

    private static final long serialVersionUID = 1L;

    /** What has been opened, by all subtasks of all attempts, in this order. */
    static final List<Played> OPENED = Collections.synchronizedList(new ArrayList<>());

    /** Whether the waits of what is opened next never end. */
    static volatile boolean nextIsStuck;

    PlayedSink(String... options) {
        super(PlayedWriters.plan(options));
    }

    @Override
    StarRocksWriter<String> openWriter(SinkPlan<String> plan, WriterContext context) {
        Played library = new Played();
        library.stuck = nextIsStuck;
        nextIsStuck = false;
        OPENED.add(library);
        return PlayedWriters.open(plan, context, library);
    }

    /** The state of a checkpoint is the rows since the one before, a piece for each. */
    static final class Played extends RecordingNative {

        /** The states of the checkpoints, by their numbers. */
        final Map<Long, List<String>> states = Collections.synchronizedMap(new TreeMap<>());

        /** How many rows had come when the last checkpoint began. */
        int rowsAtCheckpoint;

        @Override
        public void beginCheckpoint(long session, long checkpoint) {
            super.beginCheckpoint(session, checkpoint);
            state.clear();
            state.addAll(rows.subList(rowsAtCheckpoint, rows.size()));
            rowsAtCheckpoint = rows.size();
            states.put(checkpoint, new ArrayList<>(state));
        }

        /** The calls after this one, without what rows and the states themselves bring. */
        List<String> callsAfter(String call) {
            List<String> after =
                    new ArrayList<>(calls.subList(calls.lastIndexOf(call) + 1, calls.size()));
            after.removeAll(Arrays.asList("submit"));
            return after;
        }
    }
}
