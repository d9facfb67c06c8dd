package com.starrocks.connector.flink.sink2;

import com.starrocks.connector.flink.connector.FlinkAdapter;
import com.starrocks.connector.flink.connector.SinkPlan;

import org.apache.flink.api.connector.sink2.Sink;

/**
 * Makes sinks for the running Flink: the interfaces that make a {@link Sink} one with state and
 * committables are not the same before and after Flink 1.19.
 */
public final class SinkV2 {

    private static final String[][] ERAS = {
        {
            "org.apache.flink.api.connector.sink2.SupportsCommitter",
            "com.starrocks.connector.flink.flink119.Flink119SinkMaker"
        },
        {
            "org.apache.flink.api.connector.sink2.TwoPhaseCommittingSink",
            "com.starrocks.connector.flink.flink115.Flink115SinkMaker"
        },
    };

    private SinkV2() {}

    /**
     * A sink of this plan.
     *
     * @throws org.apache.flink.table.api.ValidationException if the running Flink isn't supported
     */
    public static <T> Sink<T> of(SinkPlan<T> plan) {
        return FlinkAdapter.find(Maker.class, ERAS).make(plan);
    }

    /** Makes the sinks of one era. */
    public interface Maker {

        /** A sink of this plan. */
        <T> Sink<T> make(SinkPlan<T> plan);
    }
}
