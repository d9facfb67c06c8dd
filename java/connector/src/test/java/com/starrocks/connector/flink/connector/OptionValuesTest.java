package com.starrocks.connector.flink.connector;

import static com.starrocks.connector.flink.connector.Samples.PASSWORD;
import static com.starrocks.connector.flink.connector.Samples.troubles;
import static com.starrocks.connector.flink.connector.Samples.values;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;
import com.starrocks.connector.flink.table.sink.StarRocksSinkSemantic;

import org.apache.flink.table.api.ValidationException;
import org.apache.flink.util.InstantiationUtil;
import org.junit.Test;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

public class OptionValuesTest {

    private static void assertTrouble(String expected, String... options) {
        assertEquals(Collections.singletonList(expected), troubles(options));
    }

    @Test
    public void eachRequiredOptionIsMissed() {
        for (String key :
                new String[] {
                    "jdbc-url", "load-url", "database-name", "table-name", "username", "password"
                }) {
            List<String> troubles = troubles(key, null);
            assertEquals(1, troubles.size());
            assertTrue(troubles.get(0), troubles.get(0).startsWith("'" + key + "' is missing: "));
        }
    }

    @Test
    public void anEmptyPasswordIsAPassword() {
        assertEquals("", values("password", "").get(SinkOptions.PASSWORD));
        assertEquals(" x ", values("password", " x ").get(SinkOptions.PASSWORD));
    }

    @Test
    public void allTroublesAreReportedAtOnce() {
        assertEquals(
                Arrays.asList(
                        "'sink.buffer-flush.max-rows' = '1': must be a whole number from 64000 to"
                                + " 5000000",
                        "'sink.colour' is not an option of the StarRocks sink",
                        "'sink.max-retries' = 'many': must be a whole number from 0 to 10",
                        "'username' is missing: User to load as.",
                        "'sink.properties.format' = 'orc': must be csv or json"),
                troubles(
                        "username", null,
                        "sink.max-retries", "many",
                        "sink.buffer-flush.max-rows", "1",
                        "sink.colour", "1",
                        "sink.properties.format", "orc"));
    }

    /** Both ends of each range, and what lies just beyond. */
    @Test
    public void rangesHold() {
        Object[][] ranges = {
            {"sink.buffer-flush.max-bytes", 67108864L, 10737418240L},
            {"sink.buffer-flush.max-rows", 64000L, 5000000L},
            {"sink.buffer-flush.interval-ms", 1000L, 3600000L},
            {"sink.buffer-flush.enqueue-timeout-ms", 300000L, null},
            {"sink.buffer.max-memory", 16777216L, null},
            {"sink.chunk-limit", 1L, 10737418240L},
            {"sink.scan-frequency.ms", 50L, null},
            {"sink.connect.timeout-ms", 100L, 60000L},
            {"sink.socket.timeout-ms", -1L, null},
            {"sink.wait-for-continue.timeout-ms", 3000L, 600000L},
            {"sink.io.thread-count", 1L, 128L},
            {"sink.max-retries", 0L, 10L},
            {"sink.retry.interval-ms", 0L, 3600000L},
            {"sink.publish-timeout.ms", -1L, null},
            {"sink.metric.histogram-window-size", 1L, 100000L},
            {"sink.parallelism", 1L, null},
            {"sink.exactly-once.check-num-lingering-txn", -1L, null},
        };
        for (Object[] range : ranges) {
            String key = (String) range[0];
            long min = (Long) range[1];
            values(key, String.valueOf(min));
            String allowed =
                    "must be a whole number from "
                            + min
                            + (range[2] == null ? "" : " to " + range[2]);
            assertTrouble("'" + key + "' = '" + (min - 1) + "': " + allowed, key, "" + (min - 1));
            assertTrouble("'" + key + "' = 'x': " + allowed, key, "x");
            if (range[2] != null) {
                long max = (Long) range[2];
                values(key, String.valueOf(max));
                assertTrouble(
                        "'" + key + "' = '" + (max + 1) + "': " + allowed, key, "" + (max + 1));
            }
        }
    }

    @Test
    public void wordsAndTruthValuesAreChecked() {
        assertTrouble(
                "'sink.semantic' = 'at-most-once': must be at-least-once or exactly-once",
                "sink.semantic",
                "at-most-once");
        assertTrouble("'sink.version' = 'V3': must be V1 or V2 or AUTO", "sink.version", "V3");
        for (String version : new String[] {"V1", "v2", " auto "}) {
            values("sink.version", version);
        }
        assertTrouble(
                "'sink.sanitize-error-log' = 'yes': must be true or false",
                "sink.sanitize-error-log",
                "yes");
        assertTrouble(
                "'sink.timestamp-ltz.time-zone' = 'Mars': is not known; must be a time zone such as"
                        + " UTC, Asia/Shanghai or +08:00",
                "sink.timestamp-ltz.time-zone",
                "Mars");
    }

    @Test
    public void labelPrefixesAreChecked() {
        String allowed = "; must be 1 to 48 letters, digits, '-' or '_'";
        values("sink.label-prefix", "My_job-1");
        assertTrouble(
                "'sink.label-prefix' = 'my job': holds another character" + allowed,
                "sink.label-prefix",
                "my job");
        assertTrouble("'sink.label-prefix' = '': is empty" + allowed, "sink.label-prefix", "");
        String tooLong = String.join("", Collections.nCopies(49, "x"));
        assertTrouble(
                "'sink.label-prefix' = '" + tooLong + "': is 49 characters long" + allowed,
                "sink.label-prefix",
                tooLong);
    }

    @Test
    public void badAddressesAreNamed() {
        String jdbc = "; must be jdbc:mysql://host:port[,host:port...]";
        assertTrouble(
                "'jdbc-url' = 'mysql://fe:9030': doesn't begin with jdbc:mysql://" + jdbc,
                "jdbc-url",
                "mysql://fe:9030");
        assertTrouble(
                "'jdbc-url' = 'jdbc:mysql://fe1:9030,fe2': 'fe2' has no port" + jdbc,
                "jdbc-url",
                "jdbc:mysql://fe1:9030,fe2");
        assertTrouble(
                "'jdbc-url' = 'jdbc:mysql://': no host is given" + jdbc,
                "jdbc-url",
                "jdbc:mysql://");
        assertTrouble(
                "'jdbc-url' = 'jdbc:mysql://fe:0': 'fe:0': '0' is no port" + jdbc,
                "jdbc-url",
                "jdbc:mysql://fe:0");
        String load = "; must be [http[s]://]host:port[;host:port...]";
        assertTrouble("'load-url' = 'fe1': 'fe1' has no port" + load, "load-url", "fe1");
        assertTrouble(
                "'load-url' = 'fe1:8030;fe2:http': 'fe2:http': 'http' is no port" + load,
                "load-url",
                "fe1:8030;fe2:http");
        assertTrouble(
                "'load-url' = 'ftp://fe1:8030': 'ftp://fe1:8030' has several ':' (an IPv6 address"
                        + " stands in brackets)"
                        + load,
                "load-url",
                "ftp://fe1:8030");
        assertTrouble(
                "'load-url' = 'fe1:8030/api': 'fe1:8030/api': '8030/api' is no port" + load,
                "load-url",
                "fe1:8030/api");
        assertTrouble("'load-url' = ' ; ': no address is given" + load, "load-url", " ; ");
        assertTrouble(
                "'sink.redirect.host-mapping' = 'be1:8040': the entry 'be1:8040' has no '='; must"
                        + " be beHost:port=host:port[;...]",
                "sink.redirect.host-mapping",
                "be1:8040");
    }

    @Test
    public void goodAddressesAreTaken() {
        for (String url :
                new String[] {
                    "jdbc:mysql://fe:9030/db?useSSL=false",
                    "jdbc:mysql://fe1:9030, fe2:9030",
                    "JDBC:mysql://[::1]:9030",
                }) {
            values("jdbc-url", url);
        }
        for (String url :
                new String[] {
                    "fe1:8030", "https://fe1:443/", "http://[::1]:8030;fe2:8030;", "httpd:80"
                }) {
            values("load-url", url);
        }
        values("sink.redirect.host-mapping", "10.0.0.1:8040=localhost:18040;[::2]=https://b:1;c=d");
    }

    @Test
    public void credentialsInAddressesAreRefusedAndNotShown() {
        String trouble = troubles("load-url", "http://me:geheim@fe:8030").get(0);
        assertTrue(trouble, trouble.contains("holds '@'"));
        assertFalse(trouble, trouble.contains("geheim"));
        trouble = troubles("jdbc-url", "jdbc:mysql://fe?password=geheim").get(0);
        assertFalse(trouble, trouble.contains("geheim"));
        for (String password :
                new String[] {"ge;heim", "ge/heim", "ge?heim", "ge@heim", "ge,heim"}) {
            String user = "me:" + password + "@";
            for (String[] option :
                    new String[][] {
                        {"load-url", "http://" + user + "fe:8030"},
                        {"load-url", user + "fe:8030"},
                        {"load-url", "fe:8030;" + user + "fe:8030"},
                        {"jdbc-url", "jdbc:mysql://" + user + "fe:9030"},
                        {"jdbc-url", "jdbc:mysql://fe1:9030," + user + "fe:9030?a=b"},
                        {"jdbc-url", "jdbc:mysql://fe:x?user=me&password=" + password},
                    }) {
                trouble = troubles(option).get(0);
                assertFalse(trouble, trouble.contains("ge"));
                assertFalse(trouble, trouble.contains("heim"));
            }
        }
        assertEquals(
                "jdbc:mysql://******@fe:9030?...", Addresses.masked("jdbc:mysql://a:b@fe:9030?c"));
    }

    @Test
    public void unknownKeysAreRefusedWithAGuess() {
        assertTrouble(
                "'sink.bufer-flush.max-rows' is not an option of the StarRocks sink; did you mean"
                        + " 'sink.buffer-flush.max-rows'?",
                "sink.bufer-flush.max-rows",
                "70000");
        assertTrouble(
                "'passwort' is not an option of the StarRocks sink; did you mean 'password'?",
                "passwort",
                PASSWORD);
        assertTrouble("'proxy' is not an option of the StarRocks sink", "proxy", "gate:8080");
    }

    @Test
    public void whatComesLaterIsRefused() {
        String mergeCommit = " is not supported: merge commit comes with a later version";
        for (SinkOption<?> option : SinkOptions.all()) {
            if (option.key().startsWith("sink.merge-commit.")) {
                String value = option.typeText().equals("Boolean") ? "true" : "20";
                assertTrouble(
                        "'" + option.key() + "' = '" + value + "'" + mergeCommit,
                        option.key(),
                        value);
            }
        }
        assertTrouble("'sink.blackhole' = 'true'" + mergeCommit, "sink.blackhole", "true");
        assertTrouble(
                "'sink.properties.enable_merge_commit' = 'true': merge commit comes with a later"
                        + " version",
                "sink.properties.enable_merge_commit",
                "true");
        String multiTable =
                " is not supported: transactions over several tables come with a later version";
        assertTrouble(
                "'sink.transaction.multi-table.enabled' = 'true'" + multiTable,
                "sink.transaction.multi-table.enabled",
                "true");
        assertTrouble(
                "'sink.transaction.multi-table.buffer-size' = '1'" + multiTable,
                "sink.transaction.multi-table.buffer-size",
                "1");
        values("sink.transaction.multi-table.enabled", "false", "sink.blackhole", "false");
    }

    @Test
    public void compressionsAreThoseThatTheSinkHas() {
        for (String name : new String[] {"lz4_frame", "zstd", "gzip"}) {
            assertEquals(
                    name,
                    values("sink.properties.compression", " " + name.toUpperCase(Locale.ROOT))
                            .properties()
                            .get("compression"));
        }
        for (String name : new String[] {"deflate", "bzip2", "lz4", ""}) {
            assertTrouble(
                    "'sink.properties.compression' = '"
                            + name
                            + "': must be one of lz4_frame, zstd, gzip",
                    "sink.properties.compression",
                    name);
        }
        assertTrouble(
                "'sink.properties.content-encoding' = 'gzip': set 'sink.properties.compression'"
                        + " instead",
                "sink.properties.content-encoding",
                "gzip");
    }

    @Test
    public void oldServersTakeNoCompressedJson() {
        Map<String, String> json =
                values("sink.properties.format", "json", "sink.properties.compression", "zstd")
                        .properties();
        for (String version : new String[] {"3.2.6-abc", "3.1.17", "2.5.0 x"}) {
            assertEquals(
                    "'sink.properties.compression' = 'zstd' with 'sink.properties.format' = 'json'"
                            + " needs StarRocks 3.2.7; this is "
                            + version
                            + ", which takes compressed CSV only",
                    LoadProperties.troubleWithServer(json, version));
        }
        for (String version :
                new String[] {"3.2.7", "3.2.10-x", "3.10.0", "4.0.0", "", "main-a1"}) {
            assertNull(version, LoadProperties.troubleWithServer(json, version));
        }
        Map<String, String> csv = values("sink.properties.compression", "zstd").properties();
        assertNull(LoadProperties.troubleWithServer(csv, "2.5.0"));
    }

    @Test
    public void loadPropertiesAreLowerCasedAndChecked() {
        OptionValues values =
                values(
                        "sink.properties.Format", "JSON",
                        "sink.properties.max_filter_ratio", "0.1");
        assertTrue(values.isJson());
        Map<String, String> expected = new TreeMap<>();
        expected.put("format", "json");
        expected.put("max_filter_ratio", "0.1");
        assertEquals(expected, values.properties());
        for (String separator : new String[] {"\\x01", "\\\\x01", "\\x0102", "|", "\t"}) {
            values("sink.properties.column_separator", separator);
        }
        assertTrouble(
                "'sink.properties.column_separator' = '\\x1': after \\x come pairs of hexadecimal"
                        + " digits",
                "sink.properties.column_separator",
                "\\x1");
        assertTrouble(
                "'sink.properties.row_delimiter' = '': is empty",
                "sink.properties.row_delimiter",
                "");
        assertTrouble(
                "'sink.properties.label' = 'x': this header is set by the sink itself",
                "sink.properties.label",
                "x");
        assertTrouble(
                "'sink.properties.a b' = 'x': the name can't be an HTTP header",
                "sink.properties.a b",
                "x");
        assertTrouble(
                "'sink.properties.where' = 'a\r\nb': holds a character that no HTTP header can"
                        + " carry",
                "sink.properties.where",
                "a\r\nb");
    }

    /** A transaction reads {@code partial_update} = {@code TRUE} as false. */
    @Test
    public void truthValuesOfLoadsAreThoseThatEveryServerReads() {
        String[] names = {
            "partial_update", "strict_mode", "trim_space", "negative", "ignore_json_size"
        };
        for (String name : names) {
            String key = "sink.properties." + name;
            assertEquals("true", values(key, " TRUE ").properties().get(name));
            assertEquals("false", values(key, "False").handed().get(key));
            for (String value : new String[] {"yes", "1", ""}) {
                assertTrouble("'" + key + "' = '" + value + "': must be true or false", key, value);
            }
        }
        assertEquals(
                "false",
                values("sink.properties.enable_merge_commit", "FALSE")
                        .properties()
                        .get("enable_merge_commit"));
        assertTrouble(
                "'sink.properties.enable_merge_commit' = 'on': must be true or false",
                "sink.properties.enable_merge_commit",
                "on");
    }

    @Test
    public void timesOfLoadsAreWholeNumbers() {
        Object[][] ranges = {
            {"timeout", 1L, 259200L},
            {"prepared_timeout", 1L, 2147483647L},
            {"idle_transaction_timeout", 0L, 2147483647L},
        };
        for (Object[] range : ranges) {
            String key = "sink.properties." + range[0];
            long least = (Long) range[1];
            long most = (Long) range[2];
            assertEquals("" + least, values(key, " " + least).properties().get(range[0]));
            assertEquals("" + most, values(key, "" + most).properties().get(range[0]));
            String allowed = ": must be a whole number of seconds from " + least + " to " + most;
            String[] bad = {"" + (least - 1), "" + (most + 1), "1h", "1.5", "", "99999999999"};
            for (String value : bad) {
                assertTrouble("'" + key + "' = '" + value + "'" + allowed, key, value);
            }
        }
    }

    /** Of what is wrong in itself, nothing more is said. */
    @Test
    public void contradictionsAreReportedWithAllElse() {
        assertEquals(
                Arrays.asList(
                        "'sink.max-retries' = 'many': must be a whole number from 0 to 10",
                        "'sink.chunk-limit' = '3221225473' contradicts 'sink.properties.format' ="
                                + " 'json': a JSON load must be at most 3221225472 bytes",
                        "'sink.io.thread-count' = '17' contradicts a bound of 16777216 bytes of"
                                + " memory ('sink.buffer.max-memory'): each thread needs 1048576"
                                + " bytes"),
                troubles(
                        "sink.max-retries",
                        "many",
                        "sink.properties.format",
                        "json",
                        "sink.chunk-limit",
                        "3221225473",
                        "sink.io.thread-count",
                        "17",
                        "sink.buffer.max-memory",
                        "16777216"));
        for (String key : new String[] {"sink.buffer.max-memory", "sink.buffer-flush.max-bytes"}) {
            List<String> troubles =
                    troubles(
                            key,
                            "much",
                            "sink.io.thread-count",
                            "128",
                            "sink.properties.compression",
                            "zstd");
            assertEquals(troubles.toString(), 1, troubles.size());
            assertTrue(troubles.get(0), troubles.get(0).startsWith("'" + key + "' = 'much': "));
        }
    }

    @Test
    public void loadsThatBeginEarlierThanAskedForAreNoted() {
        assertNull(values().earlyLoads());
        assertNull(
                values(
                                "sink.buffer-flush.max-bytes",
                                "67108864",
                                "sink.buffer.max-memory",
                                "134217728")
                        .earlyLoads());
        assertEquals(
                "StarRocks sink: loads begin at 50331648 buffered bytes at the latest, half of"
                        + " 'sink.buffer.max-memory', not at the 94371840 of"
                        + " 'sink.buffer-flush.max-bytes'; raise the former to twice the latter"
                        + " for that",
                values("sink.buffer.max-memory", "100663296").earlyLoads());
    }

    @Test
    public void contradictionsAreRefused() {
        assertTrouble(
                "'sink.properties.strip_outer_array' = 'false': must be true: JSON rows are sent"
                        + " as one array",
                "sink.properties.format",
                "json",
                "sink.properties.strip_outer_array",
                "false");
        assertTrouble(
                "'sink.chunk-limit' = '3221225473' contradicts 'sink.properties.format' = 'json':"
                        + " a JSON load must be at most 3221225472 bytes",
                "sink.properties.format",
                "json",
                "sink.chunk-limit",
                "3221225473");
        assertTrouble(
                "'sink.io.thread-count' = '17' contradicts a bound of 16777216 bytes of memory"
                        + " ('sink.buffer.max-memory'): each thread needs 1048576 bytes",
                "sink.io.thread-count",
                "17",
                "sink.buffer.max-memory",
                "16777216");
        assertTrouble(
                "'sink.properties.format' is given twice, in different case and value",
                "sink.properties.FORMAT",
                "json",
                "sink.properties.format",
                "csv");
    }

    @Test
    public void defaultsAreThoseOfThePublishedConnector() {
        OptionValues values = values();
        assertEquals(94371840L, (long) values.get(SinkOptions.MAX_BYTES));
        assertEquals(500000L, (long) values.get(SinkOptions.MAX_ROWS));
        assertEquals(300000L, (long) values.get(SinkOptions.FLUSH_INTERVAL));
        assertEquals(188743680L, values.maxMemory());
        assertEquals(3, (int) values.get(SinkOptions.MAX_RETRIES));
        assertEquals(30000, (int) values.get(SinkOptions.CONNECT_TIMEOUT));
        assertEquals(3221225472L, (long) values.get(SinkOptions.CHUNK_LIMIT));
        assertEquals("AUTO", values.get(SinkOptions.VERSION));
        assertNull(values.get(SinkOptions.PARALLELISM));
        assertFalse(values.isJson());
        assertEquals(2 * 67108864L, values("sink.buffer-flush.max-bytes", "67108864").maxMemory());
    }

    @Test
    public void theNativeHalfIsToldResolvedValues() {
        Map<String, String> handed =
                values("sink.max-retries", " 07 ", "sink.properties.Format", "json").handed();
        assertEquals("7", handed.get("sink.max-retries"));
        assertEquals("188743680", handed.get("sink.buffer.max-memory"));
        assertEquals("json", handed.get("sink.properties.format"));
        assertEquals(PASSWORD, handed.get("password"));
        assertFalse(handed.containsKey("sink.label-prefix"));
        assertFalse(handed.containsKey("sink.parallelism"));
    }

    @Test
    public void theNativeHalfIsToldTheGuarantee() {
        Map<String, String> handed =
                values(
                                "sink.semantic",
                                "exactly-once",
                                "sink.version",
                                "v2",
                                "sink.exactly-once.in-doubt",
                                "load-again")
                        .handed();
        assertEquals("exactly-once", handed.get("sink.semantic"));
        assertEquals("V2", handed.get("sink.version"));
        assertEquals("load-again", handed.get("sink.exactly-once.in-doubt"));
        assertFalse(handed.containsKey("sink.exactly-once.enable-label-gen"));
        assertTrouble(
                "'sink.exactly-once.in-doubt' = 'guess': must be fail or load-again or skip",
                "sink.exactly-once.in-doubt",
                "guess");
        assertTrouble(
                "'sink.merge-commit.chunk.size' = '1048576' is not supported: merge commit comes"
                        + " with a later version",
                "sink.semantic",
                "exactly-once",
                "sink.merge-commit.chunk.size",
                "1048576");
    }

    @Test
    public void loadsAreTransactionsOnlyIfAskedFor() {
        String key = "sink.at-least-once.use-transaction-stream-load";
        assertEquals(Boolean.TRUE, values().get(SinkOptions.USE_TRANSACTION));
        assertFalse(values().handed().containsKey(key));
        assertEquals("true", values(key, "TRUE").handed().get(key));
        assertEquals("false", values(key, "false").handed().get(key));
    }

    @Test
    public void optionsWithoutEffectSaySo() {
        assertEquals(
                Arrays.asList(
                        "'sink.exactly-once.enable-label-gen' (labels always name job, table,"
                                + " subtask and number)",
                        "'sink.scan-frequency.ms' (this sink has no such thread: its waits end"
                                + " when there is something to do)"),
                values(
                                "sink.scan-frequency.ms", "50",
                                "sink.exactly-once.enable-label-gen", "true")
                        .withoutEffect());
        assertEquals(Collections.emptyList(), values().withoutEffect());
    }

    @Test
    public void thePasswordIsShownNowhere() {
        OptionValues values =
                values(
                        "sink.properties.my_token",
                        PASSWORD,
                        "jdbc-url",
                        "jdbc:mysql://fe:9030/?password=" + PASSWORD);
        assertFalse(values.toString(), values.toString().contains(PASSWORD));
        assertTrue(values.toString(), values.toString().contains("password=******"));
        assertFalse(troubles("sink.max-retries", "x").toString().contains(PASSWORD));
    }

    @Test
    public void theBuilderChecksAndKeepsOptions() throws Exception {
        StarRocksSinkOptions.Builder builder = StarRocksSinkOptions.builder();
        Samples.options("sink.semantic", "at-least-once", "sink.io.thread-count", "4")
                .forEach(builder::withProperty);
        StarRocksSinkOptions options =
                InstantiationUtil.clone(builder.build(), getClass().getClassLoader());
        assertEquals("db", options.getDatabaseName());
        assertEquals("t", options.getTableName());
        assertEquals(Arrays.asList("fe1:8030", "http://fe2:8030"), options.getLoadUrlList());
        assertEquals(StarRocksSinkSemantic.AT_LEAST_ONCE, options.getSemantic());
        assertEquals(StarRocksSinkOptions.StreamLoadFormat.CSV, options.getStreamLoadFormat());
        assertEquals(4, options.getIoThreadCount());
        assertFalse(options.supportUpsertDelete());
        options.enableUpsertDelete();
        assertTrue(options.supportUpsertDelete());
        assertEquals(PASSWORD, options.getPassword());
        assertFalse(options.toString().contains(PASSWORD));
        assertThrows(ValidationException.class, () -> StarRocksSinkOptions.builder().build());
    }
}
