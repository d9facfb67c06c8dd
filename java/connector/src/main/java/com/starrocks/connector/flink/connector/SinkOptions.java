package com.starrocks.connector.flink.connector;

import static com.starrocks.connector.flink.connector.SinkOption.bool;
import static com.starrocks.connector.flink.connector.SinkOption.integer;
import static com.starrocks.connector.flink.connector.SinkOption.number;
import static com.starrocks.connector.flink.connector.SinkOption.text;

import com.starrocks.connector.flink.connector.SinkOption.Group;

import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The one list of all options of the sink. The SQL factory, the builder, the checks, what the
 * native half is told and the table in the README all come from it.
 *
 * <p>Keys, types and defaults are those of the published Java connector for StarRocks, except for
 * the ones marked as ours.
 */
public final class SinkOptions {

    /** Options with this prefix become headers of the stream load. */
    public static final String PROPERTIES_PREFIX = "sink.properties.";

    static final String AT_LEAST_ONCE = "at-least-once";
    static final String EXACTLY_ONCE = "exactly-once";

    private static final long MIB = 1024L * 1024;
    private static final long GIB = 1024 * MIB;

    /** What {@link #LABEL_PREFIX} may be long: the rest of a label's 128 characters is ours. */
    private static final int MAX_LABEL_PREFIX = 48;

    private static final String MERGE_COMMIT = "merge commit comes with a later version";
    private static final String MULTI_TABLE =
            "transactions over several tables come with a later version";
    private static final String OTHER_THREADS =
            "this sink has no such thread: its waits end when there is something to do";

    private static final List<SinkOption<?>> LIST = new ArrayList<>();

    // Target

    public static final SinkOption<String> JDBC_URL =
            text(
                            Group.TARGET,
                            "jdbc-url",
                            "MySQL-protocol addresses of the FEs; where the table's schema is read"
                                    + " when the job is planned. No JDBC driver is needed.")
                    .allowing(
                            Allowed.syntax(
                                    "jdbc:mysql://host:port[,host:port...]", Addresses::jdbcUrl))
                    .required()
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<String> LOAD_URL =
            text(Group.TARGET, "load-url", "HTTP addresses of the FEs, where rows are loaded.")
                    .allowing(
                            Allowed.syntax(
                                    "[http[s]://]host:port[;host:port...]", Addresses::loadUrl))
                    .required()
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<String> DATABASE =
            text(
                            Group.TARGET,
                            "database-name",
                            "Database to load into; `*` when each row names its own.")
                    .allowing(Allowed.syntax("a name", SinkOptions::name))
                    .required()
                    .addTo(LIST);

    public static final SinkOption<String> TABLE =
            text(Group.TARGET, "table-name", "Table to load into; `*` when each row names its own.")
                    .allowing(Allowed.syntax("a name", SinkOptions::name))
                    .required()
                    .addTo(LIST);

    public static final SinkOption<String> USERNAME =
            text(Group.TARGET, "username", "User to load as.")
                    .allowing(Allowed.syntax("a name without ':'", SinkOptions::user))
                    .required()
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<String> PASSWORD =
            text(Group.TARGET, "password", "The user's password; may be empty.")
                    .required()
                    .secret()
                    .handedOn()
                    .addTo(LIST);

    // Delivery

    public static final SinkOption<String> SEMANTIC =
            text(
                            Group.DELIVERY,
                            "sink.semantic",
                            "Guarantee, given checkpoints. `at-least-once`: rows are loaded as they"
                                + " come, and a checkpoint completes once everything before it is"
                                + " loaded; a restart loads again what came after the last one."
                                + " `exactly-once`: each row is loaded once, and visible when its"
                                + " checkpoint is complete; in a job without checkpoints, at the"
                                + " end of the input.")
                    .allowing(Allowed.words(true, AT_LEAST_ONCE, EXACTLY_ONCE))
                    .withDefault(AT_LEAST_ONCE)
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<String> VERSION =
            text(
                            Group.DELIVERY,
                            "sink.version",
                            "How `exactly-once` is reached. `V1`: rows are kept, in memory and"
                                + " temporary files, go into the checkpoint's state, and are loaded"
                                + " when it is complete; works with any server. `V2`: rows are sent"
                                + " as they come, into transactions that the checkpoint prepares"
                                + " and its completion commits; needs StarRocks 2.4. `AUTO`: `V2`"
                                + " where the server has transactions, else `V1`. At-least-once is"
                                + " the same with each.")
                    .allowing(Allowed.words(false, "V1", "V2", "AUTO"))
                    .withDefault("AUTO")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Boolean> USE_TRANSACTION =
            bool(
                            Group.DELIVERY,
                            "sink.at-least-once.use-transaction-stream-load",
                            true,
                            "`at-least-once`: whether each load is a transaction of its own. Only"
                                + " if set to true: unset, plain stream loads are used, one request"
                                + " instead of four for the same guarantee.")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<String> LABEL_PREFIX =
            text(
                            Group.DELIVERY,
                            "sink.label-prefix",
                            "Start of every load's label; unset, it is `flink`.")
                    .allowing(
                            Allowed.syntax(
                                    "1 to " + MAX_LABEL_PREFIX + " letters, digits, '-' or '_'",
                                    SinkOptions::labelPrefix))
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<String> IN_DOUBT =
            text(
                            Group.DELIVERY,
                            "sink.exactly-once.in-doubt",
                            "What a restore does about rows of which StarRocks no longer knows"
                                + " whether they were loaded: their label is forgotten, or their"
                                + " prepared transaction was aborted. `fail`: name them and fail."
                                + " `load-again`: load them, where the state holds them (`V1`):"
                                + " they may be there twice. `skip`: go on without them: they may"
                                + " be missing.")
                    .allowing(Allowed.words(true, "fail", "load-again", "skip"))
                    .withDefault("fail")
                    .ours()
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Boolean> LABEL_GEN =
            bool(
                            Group.DELIVERY,
                            "sink.exactly-once.enable-label-gen",
                            true,
                            "Whether labels can be told apart by subtask and number.")
                    .noEffect("labels always name job, table, subtask and number")
                    .addTo(LIST);

    public static final SinkOption<Boolean> ABORT_LINGERING =
            bool(
                            Group.DELIVERY,
                            "sink.exactly-once.enable-abort-lingering-txn",
                            true,
                            "`V2`: whether a restore rolls back transactions that were begun after"
                                    + " the checkpoint and so aren't in its state; else they stay"
                                    + " open until the server's time-out.")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Integer> CHECK_LINGERING =
            integer(
                            Group.DELIVERY,
                            "sink.exactly-once.check-num-lingering-txn",
                            -1,
                            Integer.MAX_VALUE,
                            "How many labels of a table and subtask to look at for that; -1: until"
                                    + " the first unknown one.")
                    .withDefault(-1)
                    .handedOn()
                    .addTo(LIST);

    // Buffering

    public static final SinkOption<Long> MAX_BYTES =
            number(
                            Group.BUFFERING,
                            "sink.buffer-flush.max-bytes",
                            64 * MIB,
                            10 * GIB,
                            "Serialized bytes buffered in a subtask that start a load; half of"
                                    + " `sink.buffer.max-memory` if that is less.")
                    .withDefault(90 * MIB)
                    .in("bytes")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Long> MAX_ROWS =
            number(
                            Group.BUFFERING,
                            "sink.buffer-flush.max-rows",
                            64_000,
                            5_000_000,
                            "Rows buffered in a subtask that start a load.")
                    .withDefault(500_000L)
                    .in("rows")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Long> FLUSH_INTERVAL =
            number(
                            Group.BUFFERING,
                            "sink.buffer-flush.interval-ms",
                            1_000,
                            3_600_000,
                            "Age of the oldest buffered row that starts a load.")
                    .withDefault(300_000L)
                    .in("ms")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Long> MAX_MEMORY =
            number(
                            Group.BUFFERING,
                            "sink.buffer.max-memory",
                            16 * MIB,
                            Long.MAX_VALUE,
                            "Hard bound of the native memory of a subtask: buffered rows and loads"
                                    + " in flight. At the bound the sink pushes back on the"
                                    + " stream.")
                    .withDerivedDefault("2 x `sink.buffer-flush.max-bytes`")
                    .in("bytes")
                    .ours()
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Long> CHUNK_LIMIT =
            number(
                            Group.BUFFERING,
                            "sink.chunk-limit",
                            1,
                            10 * GIB,
                            "Most bytes in one load. With JSON at most 3221225472 (3 GiB).")
                    .withDefault(3 * GIB)
                    .in("bytes")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Long> ENQUEUE_TIMEOUT =
            number(
                            Group.BUFFERING,
                            "sink.buffer-flush.enqueue-timeout-ms",
                            300_000,
                            Long.MAX_VALUE,
                            "How long a full batch may wait for a flushing thread.")
                    .withDefault(600_000L)
                    .in("ms")
                    .noEffect("a full buffer pushes back on the stream for as long as it takes")
                    .addTo(LIST);

    public static final SinkOption<Long> SCAN_FREQUENCY =
            number(
                            Group.BUFFERING,
                            "sink.scan-frequency.ms",
                            50,
                            Long.MAX_VALUE,
                            "Tick of the thread that looks for batches to load.")
                    .withDefault(50L)
                    .in("ms")
                    .noEffect(OTHER_THREADS)
                    .addTo(LIST);

    // Network

    public static final SinkOption<Integer> CONNECT_TIMEOUT =
            integer(
                            Group.NETWORK,
                            "sink.connect.timeout-ms",
                            100,
                            60_000,
                            "How long connecting to a server may take.")
                    .withDefault(30_000)
                    .in("ms")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Integer> SOCKET_TIMEOUT =
            integer(
                            Group.NETWORK,
                            "sink.socket.timeout-ms",
                            -1,
                            Integer.MAX_VALUE,
                            "How long to wait for a server's answer. -1 and 0: a tenth longer than"
                                    + " the load's own `sink.properties.timeout`; no wait is"
                                    + " without end.")
                    .withDefault(-1)
                    .in("ms")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Integer> CONTINUE_TIMEOUT =
            integer(
                            Group.NETWORK,
                            "sink.wait-for-continue.timeout-ms",
                            3_000,
                            600_000,
                            "How long to wait for `100 Continue` before the rows are sent without"
                                    + " it.")
                    .withDefault(30_000)
                    .in("ms")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Integer> IO_THREADS =
            integer(
                            Group.NETWORK,
                            "sink.io.thread-count",
                            1,
                            128,
                            "Loads that a subtask may have in flight, each of another table.")
                    .withDefault(2)
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Integer> MAX_RETRIES =
            integer(
                            Group.NETWORK,
                            "sink.max-retries",
                            0,
                            10,
                            "How often a failed load is tried again, always under its own label.")
                    .withDefault(3)
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Integer> RETRY_INTERVAL =
            integer(
                            Group.NETWORK,
                            "sink.retry.interval-ms",
                            0,
                            3_600_000,
                            "Pause before a load is tried again.")
                    .withDefault(10_000)
                    .in("ms")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<String> HOST_MAPPING =
            text(
                            Group.NETWORK,
                            "sink.redirect.host-mapping",
                            "Addresses to use instead of those that an FE redirects to, for BEs"
                                    + " that can't be reached under their own.")
                    .allowing(Allowed.syntax("beHost:port=host:port[;...]", Addresses::hostMapping))
                    .ours()
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<String> TLS_CA_FILE =
            text(
                            Group.NETWORK,
                            "sink.tls.ca-file",
                            "PEM file with the certificates to trust for `https://` addresses,"
                                    + " instead of the system's; read where the subtask runs.")
                    .allowing(Allowed.anything("a path"))
                    .ours()
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Integer> PUBLISH_TIMEOUT =
            integer(
                            Group.NETWORK,
                            "sink.publish-timeout.ms",
                            -1,
                            Integer.MAX_VALUE,
                            "How long committing a transaction waits for its rows to be visible; -1"
                                + " and 0: as long as the server does by itself. They are committed"
                                + " all the same.")
                    .withDefault(-1)
                    .in("ms")
                    .handedOn()
                    .addTo(LIST);

    // Rows

    public static final SinkOption<Boolean> IGNORE_UPDATE_BEFORE =
            bool(
                            Group.ROWS,
                            "sink.ignore.update-before",
                            true,
                            "PRIMARY KEY tables: Flink need not ship the old row of an update;"
                                + " false: it must, and the row is deleted, which is needed where"
                                + " updates change the key. Old rows that Flink ships all the same"
                                + " are deletes (a filter may have dropped the new row), and are"
                                + " dropped only if this is set to true; with"
                                + " `sink.properties.partial_update`, where a delete would take the"
                                + " other columns with it, they are deletes only if this is set to"
                                + " false.")
                    .addTo(LIST);

    public static final SinkOption<Boolean> IGNORE_DELETE =
            bool(
                            Group.ROWS,
                            "sink.ignore-delete",
                            false,
                            "Drop deletes (they are counted in `numIgnoredDeletes`); without it, a"
                                    + " stream with updates or deletes is refused for tables"
                                    + " without PRIMARY KEY.")
                    .ours()
                    .addTo(LIST);

    public static final SinkOption<String> LTZ_ZONE =
            text(
                            Group.ROWS,
                            "sink.timestamp-ltz.time-zone",
                            "Zone in which TIMESTAMP_LTZ values are written as wall time. `UTC`"
                                    + " is what the published Java connector writes.")
                    .allowing(
                            Allowed.syntax(
                                    "a time zone such as UTC, Asia/Shanghai or +08:00",
                                    SinkOptions::zone))
                    .withDerivedDefault(
                            "SQL: `table.local-time-zone`; DataStream: the client's zone")
                    .ours()
                    .addTo(LIST);

    public static final SinkOption<Boolean> WRAP_JSON =
            bool(
                            Group.ROWS,
                            "sink.wrap-json-as-array",
                            false,
                            "Whether JSON rows are sent as one array.")
                    .noEffect("JSON rows are always sent as one array")
                    .addTo(LIST);

    // Other

    public static final SinkOption<Integer> PARALLELISM =
            integer(
                            Group.OTHER,
                            "sink.parallelism",
                            1,
                            Integer.MAX_VALUE,
                            "SQL: parallelism of the sink (Flink 1.12 and later); unset, that of"
                                    + " its input.")
                    .addTo(LIST);

    public static final SinkOption<Boolean> SANITIZE_ERRORS =
            bool(
                            Group.OTHER,
                            "sink.sanitize-error-log",
                            false,
                            "Keep values of rows out of error messages.")
                    .handedOn()
                    .addTo(LIST);

    public static final SinkOption<Integer> HISTOGRAM_WINDOW =
            integer(
                            Group.OTHER,
                            "sink.metric.histogram-window-size",
                            1,
                            100_000,
                            "Loads that the histograms among the metrics look back on.")
                    .withDefault(100)
                    .addTo(LIST);

    public static final SinkOption<String> LIBRARY_PATH =
            text(
                            Group.OTHER,
                            "sink.native.library-path",
                            "The native library's file or its folder, if it is neither in the jar"
                                    + " nor beside it.")
                    .allowing(Allowed.anything("a path"))
                    .ours()
                    .addTo(LIST);

    public static final SinkOption<Boolean> NEW_SINK_API =
            bool(
                            Group.OTHER,
                            "sink.use.new-sink-api",
                            false,
                            "Which of Flink's sink interfaces is used.")
                    .noEffect("the sink picks the interface that fits the running Flink")
                    .addTo(LIST);

    // Later

    public static final SinkOption<Boolean> MULTI_TABLE_ENABLED =
            bool(
                            Group.LATER,
                            "sink.transaction.multi-table.enabled",
                            false,
                            "Commit several tables in one transaction.")
                    .later(MULTI_TABLE, enabled -> enabled)
                    .addTo(LIST);

    public static final SinkOption<Long> MULTI_TABLE_BUFFER =
            number(
                            Group.LATER,
                            "sink.transaction.multi-table.buffer-size",
                            1,
                            Long.MAX_VALUE,
                            "Buffer for them.")
                    .withDefault(128 * MIB)
                    .in("bytes")
                    .later(MULTI_TABLE)
                    .addTo(LIST);

    public static final SinkOption<Boolean> BLACKHOLE =
            bool(Group.LATER, "sink.blackhole", false, "Merge commit: drop all rows, for tests.")
                    .later(MERGE_COMMIT, enabled -> enabled)
                    .addTo(LIST);

    static {
        mergeCommitLong("chunk.size", null, "Bytes of one request.");
        mergeCommitInt("max-concurrent-requests", 2147483647, "Requests at a time.");
        mergeCommitInt("max-inflight-requests", null, "Older name of `max-concurrent-requests`.");
        mergeCommitInt("http.thread.num", 3, "HTTP threads.");
        mergeCommitInt("http.max-connections", 20, "Connections to one server.");
        mergeCommitInt("http.total-max-connections", 1000, "Connections in all.");
        mergeCommitInt("http.idle-connection-timeout-ms", 60000, "Age of an idle connection.");
        mergeCommitInt("node-meta.update-interval-ms", 5000, "Refresh of the list of BEs.");
        for (String name : new String[] {"check-label-state", "check-state"}) {
            mergeCommitInt(name + ".init-delay-ms", 500, "Wait before the label is looked at.");
            mergeCommitInt(name + ".interval-ms", 500, "Wait between two looks.");
            mergeCommitInt(name + ".timeout-ms", null, "How long to look.");
        }
        bool(
                        Group.LATER,
                        "sink.merge-commit.backend-direct-connection",
                        false,
                        "Load into BEs directly.")
                .later(MERGE_COMMIT)
                .addTo(LIST);
    }

    private static final Map<String, SinkOption<?>> BY_KEY = byKey();

    private SinkOptions() {}

    private static void mergeCommitInt(String name, Integer value, String help) {
        integer(
                        Group.LATER,
                        "sink.merge-commit." + name,
                        Integer.MIN_VALUE,
                        Integer.MAX_VALUE,
                        help)
                .withDefault(value)
                .later(MERGE_COMMIT)
                .addTo(LIST);
    }

    private static void mergeCommitLong(String name, Long value, String help) {
        number(Group.LATER, "sink.merge-commit." + name, Long.MIN_VALUE, Long.MAX_VALUE, help)
                .withDefault(value)
                .later(MERGE_COMMIT)
                .addTo(LIST);
    }

    private static Map<String, SinkOption<?>> byKey() {
        Map<String, SinkOption<?>> map = new HashMap<>();
        for (SinkOption<?> option : LIST) {
            if (map.put(option.key(), option) != null) {
                throw new IllegalStateException("option '" + option.key() + "' is there twice");
            }
        }
        return map;
    }

    /** All options, in the order in which they are documented. */
    public static List<SinkOption<?>> all() {
        return Collections.unmodifiableList(LIST);
    }

    /** The option with this key, or null. */
    static SinkOption<?> find(String key) {
        return BY_KEY.get(key);
    }

    private static String name(String name) {
        if (name.isEmpty()) {
            return "is empty";
        }
        return name.indexOf('/') >= 0 || name.chars().anyMatch(Character::isISOControl)
                ? "holds '/' or a control character"
                : null;
    }

    private static String user(String user) {
        if (user.isEmpty()) {
            return "is empty";
        }
        return user.indexOf(':') >= 0 ? "holds ':', which HTTP doesn't allow" : null;
    }

    private static String labelPrefix(String prefix) {
        if (prefix.isEmpty()) {
            return "is empty";
        }
        if (!prefix.matches("[-_A-Za-z0-9]*")) {
            return "holds another character";
        }
        return prefix.length() > MAX_LABEL_PREFIX
                ? "is " + prefix.length() + " characters long"
                : null;
    }

    private static String zone(String zone) {
        try {
            ZoneId.of(zone);
            return null;
        } catch (DateTimeException e) {
            return "is not known";
        }
    }
}
