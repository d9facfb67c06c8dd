package com.starrocks.e2e;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The numbers of a {@link NumberSource}, for Flink 1.15 and later. */
public final class SourceNumbers implements JobSettings.Numbers {
    @Override
    public DataStream<Long> stream(Arguments arguments, StreamExecutionEnvironment env) {
        NumberSource source =
                new NumberSource(
                        arguments.number("rows", -1),
                        arguments.number("rate", 0),
                        arguments.get("progress"),
                        arguments.get("end"));
        return env.fromSource(source, WatermarkStrategy.noWatermarks(), "numbers", Types.LONG)
                .uid("numbers");
    }
}
