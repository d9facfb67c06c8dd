package com.starrocks.connector.flink.connector;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertTrue;

import org.apache.flink.configuration.ConfigOption;
import org.junit.Test;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

public class OptionTableTest {

    /** Keys of the published Java connector, 1.2.16, but for those of merge commit. */
    private static final List<String> PUBLISHED =
            Arrays.asList(
                    "jdbc-url",
                    "load-url",
                    "database-name",
                    "table-name",
                    "username",
                    "password",
                    "sink.version",
                    "sink.semantic",
                    "sink.label-prefix",
                    "sink.connect.timeout-ms",
                    "sink.socket.timeout-ms",
                    "sink.wait-for-continue.timeout-ms",
                    "sink.io.thread-count",
                    "sink.chunk-limit",
                    "sink.scan-frequency.ms",
                    "sink.buffer-flush.max-bytes",
                    "sink.buffer-flush.max-rows",
                    "sink.buffer-flush.interval-ms",
                    "sink.buffer-flush.enqueue-timeout-ms",
                    "sink.max-retries",
                    "sink.retry.interval-ms",
                    "sink.at-least-once.use-transaction-stream-load",
                    "sink.parallelism",
                    "sink.ignore.update-before",
                    "sink.metric.histogram-window-size",
                    "sink.exactly-once.enable-label-gen",
                    "sink.exactly-once.enable-abort-lingering-txn",
                    "sink.exactly-once.check-num-lingering-txn",
                    "sink.use.new-sink-api",
                    "sink.publish-timeout.ms",
                    "sink.transaction.multi-table.enabled",
                    "sink.transaction.multi-table.buffer-size",
                    "sink.wrap-json-as-array",
                    "sink.sanitize-error-log",
                    "sink.blackhole");

    @Test
    public void everyPublishedKeyIsKnown() {
        List<String> known =
                SinkOption.keys(
                        SinkOptions.all(),
                        option ->
                                !option.isOurs() && !option.key().startsWith("sink.merge-commit."));
        assertEquals(
                PUBLISHED.stream().sorted().collect(Collectors.toList()),
                known.stream().sorted().collect(Collectors.toList()));
    }

    @Test
    public void everyOptionHasARowOfFiveCells() {
        String table = OptionTable.markdown();
        for (SinkOption<?> option : SinkOptions.all()) {
            String key = option.key().replaceAll("^(sink[.]merge-commit[.]).*", "$1*");
            assertTrue(option.key(), table.contains("| `" + key + "`"));
        }
        for (String line : table.substring(0, table.indexOf("\n\n")).split("\n")) {
            assertEquals(line, 6, line.chars().filter(c -> c == '|').count());
        }
    }

    @Test
    public void theFactoryKnowsTheSameOptions() {
        assertEquals(
                SinkOptions.all().size(),
                TableSinks.options(true).size() + TableSinks.options(false).size());
        for (ConfigOption<?> option : TableSinks.options(false)) {
            SinkOption<?> ours = SinkOptions.find(option.key());
            assertNotNull(option.key(), ours);
            assertEquals(option.key(), ours.defaultValue(), option.defaultValue());
        }
    }

    /** The table between the markers is what {@link OptionTable#main} prints. */
    @Test
    public void theReadmeHasTheTable() throws Exception {
        Path readme = Paths.get("README.md");
        String text = new String(Files.readAllBytes(readme), StandardCharsets.UTF_8);
        int begin = text.indexOf(OptionTable.BEGIN + "\n");
        int end = text.indexOf(OptionTable.END);
        assertTrue("markers in " + readme.toAbsolutePath(), begin >= 0 && end > begin);
        assertEquals(
                OptionTable.markdown(),
                text.substring(begin + OptionTable.BEGIN.length() + 1, end));
    }
}
