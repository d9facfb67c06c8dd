package com.starrocks.e2e;

import org.apache.flink.api.common.restartstrategy.RestartStrategies;
import org.apache.flink.api.common.time.Time;
import org.apache.flink.api.java.utils.ParameterTool;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

import java.util.concurrent.TimeUnit;

/** Arguments that all jobs understand. */
@SuppressWarnings("deprecation")
final class JobSettings {
    private JobSettings() {}

    /**
     * {@code --checkpoint MS}: the interval, none without it; {@code --restarts N}: how often the
     * job is restarted, {@code --restart-delay MS} after a failure.
     */
    static void apply(ParameterTool parameters, StreamExecutionEnvironment env) {
        env.setParallelism(1);
        if (parameters.has("checkpoint")) {
            env.enableCheckpointing(parameters.getLong("checkpoint"));
        }
        env.setRestartStrategy(
                RestartStrategies.fixedDelayRestart(
                        parameters.getInt("restarts", 0),
                        Time.of(parameters.getLong("restart-delay", 1000), TimeUnit.MILLISECONDS)));
    }

    /** {@code --rows}, {@code --rate}, {@code --progress}, {@code --end}. */
    static CountingSource source(ParameterTool parameters) {
        return new CountingSource(
                parameters.getLong("rows", -1),
                parameters.getLong("rate", 0),
                parameters.get("progress"),
                parameters.get("end"));
    }
}
