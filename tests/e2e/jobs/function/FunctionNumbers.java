package com.starrocks.e2e;

import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The numbers of a {@link CountingSource}, for Flink 1.x. */
@SuppressWarnings("deprecation")
public final class FunctionNumbers implements JobSettings.Numbers {
    @Override
    public DataStream<Long> stream(Arguments arguments, StreamExecutionEnvironment env) {
        CountingSource source =
                new CountingSource(
                        arguments.number("rows", -1),
                        arguments.number("rate", 0),
                        arguments.get("progress"),
                        arguments.get("end"));
        return env.addSource(source, "numbers").uid("numbers");
    }
}
