package com.starrocks.bench;

import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.api.java.utils.ParameterTool;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.source.SourceFunction;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;

/**
 * CSV rows in the shape of TPC-H's lineitem, in bursts, into StarRocks. It is compiled against this
 * connector and runs with the published one too, which has the same classes.
 *
 * <p>A burst of {@code --rows} rows, spread over {@code --seconds}, begins for each that the file
 * {@code --orders} counts. The file {@code --reports} counts those that are out. Arguments that the
 * job doesn't know are options of the sink.
 */
@SuppressWarnings("deprecation")
public final class BurstJob {
    private static final List<String> OWN =
            Arrays.asList("rows", "seconds", "orders", "reports", "checkpoint", "name");

    private BurstJob() {}

    public static void main(String[] args) throws Exception {
        ParameterTool parameters = ParameterTool.fromArgs(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(1);
        env.enableCheckpointing(parameters.getLong("checkpoint"));
        StarRocksSinkOptions.Builder options = StarRocksSinkOptions.builder();
        parameters
                .toMap()
                .forEach(
                        (key, value) -> {
                            if (!OWN.contains(key)) {
                                options.withProperty(key, value);
                            }
                        });
        env.addSource(
                        new Bursts(
                                parameters.getLong("rows"),
                                parameters.getDouble("seconds"),
                                parameters.getRequired("orders"),
                                parameters.getRequired("reports")))
                .addSink(StarRocksSink.sink(options.build()));
        env.execute(parameters.get("name"));
    }

    private static final class Bursts implements SourceFunction<String> {
        private static final long serialVersionUID = 1;
        private static final String[] MODES = {"MAIL", "SHIP", "TRUCK", "REG AIR"};

        private final long rows;
        private final double seconds;
        private final String orders;
        private final String reports;

        private volatile boolean running = true;

        Bursts(long rows, double seconds, String orders, String reports) {
            this.rows = rows;
            this.seconds = seconds;
            this.orders = orders;
            this.reports = reports;
        }

        @Override
        public void run(SourceContext<String> context) throws Exception {
            for (long burst = 1; running; burst++) {
                while (running && ordered() < burst) {
                    Thread.sleep(20);
                }
                long begin = System.nanoTime();
                for (long n = 0; running && n < rows; n++) {
                    synchronized (context.getCheckpointLock()) {
                        context.collect(row(n));
                    }
                    while (running && System.nanoTime() - begin < seconds * 1e9 * n / rows) {
                        Thread.sleep(1);
                    }
                }
                Files.write(Paths.get(reports), Long.toString(burst).getBytes());
            }
        }

        private long ordered() throws Exception {
            Path file = Paths.get(orders);
            return Files.exists(file) ? Long.parseLong(new String(Files.readAllBytes(file))) : 0;
        }

        private static String row(long n) {
            StringBuilder row = new StringBuilder(160);
            row.append(n / 4 + 1).append('\t').append(n * 7919 % 200_000).append('\t');
            row.append(n * 104_729 % 10_000).append('\t').append(n % 4 + 1).append('\t');
            row.append(n % 50 + 1).append(".00\t").append(n % 90_000 + 900).append('.');
            row.append(n % 90 + 10).append("\t0.0").append(n % 10).append("\t0.0").append(n % 9);
            row.append("\tN\tO\t1996-0").append(n % 9 + 1).append("-1").append(n % 10);
            row.append("\t1996-0").append(n % 8 + 1).append("-2").append(n % 9);
            row.append("\t1996-0").append(n % 7 + 1).append("-0").append(n % 9 + 1);
            row.append("\tDELIVER IN PERSON\t").append(MODES[(int) (n % 4)]);
            return row.append("\tegular courts above ").append(n * 31 % 1_000_000).toString();
        }

        @Override
        public void cancel() {
            running = false;
        }
    }
}
