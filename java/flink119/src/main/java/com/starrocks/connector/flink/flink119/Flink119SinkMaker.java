package com.starrocks.connector.flink.flink119;

import com.starrocks.connector.flink.connector.SinkPlan;
import com.starrocks.connector.flink.sink2.SinkV2;

import org.apache.flink.api.connector.sink2.Sink;

/** Makes sinks for Flink 1.19 and later. */
public final class Flink119SinkMaker implements SinkV2.Maker {

    @Override
    public <T> Sink<T> make(SinkPlan<T> plan) {
        return new Flink119Sink<>(plan);
    }
}
