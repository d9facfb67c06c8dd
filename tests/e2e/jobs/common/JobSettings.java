package com.starrocks.e2e;

import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Arguments that all jobs understand. */
final class JobSettings {
    private JobSettings() {}

    /**
     * {@code --checkpoint MS}: the interval, none without it; {@code --restarts N}: how often the
     * job is restarted, {@code --restart-delay MS} after a failure.
     */
    static StreamExecutionEnvironment environment(Arguments arguments) {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(1);
        if (arguments.has("checkpoint")) {
            env.enableCheckpointing(arguments.number("checkpoint", 0));
        }
        // By configuration: the classes for it are gone from Flink 2, which has renamed the first.
        Configuration restarts = new Configuration();
        restarts.setString("restart-strategy", "fixed-delay");
        restarts.setString("restart-strategy.type", "fixed-delay");
        restarts.setString(
                "restart-strategy.fixed-delay.attempts",
                String.valueOf(arguments.number("restarts", 0)));
        restarts.setString(
                "restart-strategy.fixed-delay.delay",
                arguments.number("restart-delay", 1000) + " ms");
        env.configure(restarts, JobSettings.class.getClassLoader());
        return env;
    }

    /**
     * The numbers 0, 1, 2, ... of a source of the running Flink's kind: {@code --rows}, {@code
     * --rate}, {@code --progress}, {@code --end}.
     */
    static DataStream<Long> numbers(Arguments arguments, StreamExecutionEnvironment env)
            throws ReflectiveOperationException {
        boolean functions;
        try {
            Class.forName("org.apache.flink.streaming.api.functions.source.SourceFunction");
            functions = true;
        } catch (ClassNotFoundException e) {
            functions = false;
        }
        String name = functions ? "FunctionNumbers" : "SourceNumbers";
        Class<?> numbers = Class.forName("com.starrocks.e2e." + name);
        return ((Numbers) numbers.getDeclaredConstructor().newInstance()).stream(arguments, env);
    }

    /** Makes a stream of the numbers. */
    interface Numbers {
        DataStream<Long> stream(Arguments arguments, StreamExecutionEnvironment env);
    }

    /**
     * The sink's options among the arguments; into another table than theirs, unless it is null.
     */
    static StarRocksSinkOptions options(Arguments arguments, String table) {
        StarRocksSinkOptions.Builder builder = StarRocksSinkOptions.builder();
        arguments
                .all()
                .forEach(
                        (key, value) -> {
                            if (key.startsWith("sink.")
                                    || key.endsWith("-url")
                                    || key.endsWith("-name")
                                    || key.startsWith("pass")
                                    || key.equals("username")) {
                                builder.withProperty(key, value);
                            }
                        });
        if (table != null) {
            builder.withProperty("table-name", table);
        }
        return builder.build();
    }
}
