package com.starrocks.connector.flink.connector;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The options under {@code sink.properties.}: headers of the stream load. Most are passed on
 * unseen, since each StarRocks version knows more of them; those that the sink itself depends on
 * are checked.
 */
final class LoadProperties {

    /** What StarRocks takes of JSON in one load at most (its {@code streaming_load_max_mb}). */
    static final long MAX_JSON_BYTES = 3L << 30;

    /** Columns that the user spells out; the sink's own list and its checks are then off. */
    static final String COLUMNS = "columns";

    /** How bodies are compressed. */
    static final String COMPRESSION = "compression";

    private static final String FORMAT = "format";

    private static final String ENABLE_MERGE_COMMIT = "enable_merge_commit";

    private static final String PARTIAL_UPDATE = "partial_update";

    private static final String STRIP_OUTER_ARRAY = "strip_outer_array";

    private static final String IDLE_TIMEOUT = "idle_transaction_timeout";

    /** Of what StarRocks takes, the fastest, the smallest, and the one that everything knows. */
    private static final List<String> COMPRESSIONS =
            Collections.unmodifiableList(Arrays.asList("lz4_frame", "zstd", "gzip"));

    /** The first version that takes compressed JSON. */
    private static final int[] COMPRESSED_JSON_SINCE = {3, 2, 7};

    /** A header's name by RFC 9110, in lower case. */
    private static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9a-z-]+");

    /**
     * Headers that are true or false. Servers differ in which spellings they take: a plain load
     * takes {@code TRUE}, while a transaction reads it as false where {@code partial_update} says
     * so, and replaces whole rows.
     */
    private static final Set<String> FLAGS =
            Collections.unmodifiableSet(
                    new HashSet<>(
                            Arrays.asList(
                                    ENABLE_MERGE_COMMIT,
                                    "enable_replicated_storage",
                                    "ignore_json_size",
                                    "negative",
                                    PARTIAL_UPDATE,
                                    "strict_mode",
                                    STRIP_OUTER_ARRAY,
                                    "trim_space")));

    /**
     * Headers that are a whole number of seconds, each with the most that is allowed. Where a
     * transaction begins, the server answers others as if something in it had broken down, so that
     * they would be sent for ever.
     */
    private static final Map<String, Integer> SECONDS = seconds();

    /** {@code \x01}; two backslashes are what some SQL clients make of it. */
    private static final Pattern HEX_SEPARATOR = Pattern.compile("\\\\{1,2}[xX](.*)");

    /** {@code 3.3.5-6d81f75}; builds of a branch begin with its name. */
    private static final Pattern VERSION = Pattern.compile("^(\\d{1,6})\\.(\\d{1,6})\\.(\\d{1,6})");

    private static final Pattern HEX_DIGITS = Pattern.compile("([0-9a-fA-F]{2})+");

    /** Headers that carry the sink's own protocol. */
    private static final Set<String> RESERVED =
            Collections.unmodifiableSet(
                    new HashSet<>(
                            Arrays.asList(
                                    "label",
                                    "authorization",
                                    "expect",
                                    "host",
                                    "connection",
                                    "content-length",
                                    "transfer-encoding")));

    private LoadProperties() {}

    private static Map<String, Integer> seconds() {
        Map<String, Integer> most = new HashMap<>();
        most.put(IDLE_TIMEOUT, Integer.MAX_VALUE);
        most.put("prepared_timeout", Integer.MAX_VALUE);
        most.put("timeout", 259_200);
        return Collections.unmodifiableMap(most);
    }

    /** The value as the sink and every server read it alike: words in lower case. */
    static String normalized(String name, String value) {
        if (name.equals(FORMAT) || name.equals(COMPRESSION) || FLAGS.contains(name)) {
            return value.trim().toLowerCase(Locale.ROOT);
        }
        return SECONDS.containsKey(name) ? value.trim() : value;
    }

    static boolean isJson(Map<String, String> properties) {
        return "json".equals(properties.get(FORMAT));
    }

    static boolean isPartialUpdate(Map<String, String> properties) {
        return "true".equals(properties.get(PARTIAL_UPDATE));
    }

    /**
     * What a server of this version can't do of what the properties ask for; null if nothing, or if
     * the version is not known.
     */
    static String troubleWithServer(Map<String, String> properties, String version) {
        String compression = properties.get(COMPRESSION);
        if (compression == null || !isJson(properties)) {
            return null;
        }
        Matcher numbers = VERSION.matcher(version);
        if (!numbers.find()) {
            return null;
        }
        for (int i = 0; i < COMPRESSED_JSON_SINCE.length; i++) {
            int difference = Integer.parseInt(numbers.group(i + 1)) - COMPRESSED_JSON_SINCE[i];
            if (difference > 0) {
                return null;
            }
            if (difference < 0) {
                return OptionValues.assigned(
                                SinkOptions.PROPERTIES_PREFIX + COMPRESSION, compression)
                        + " with 'sink.properties.format' = 'json' needs StarRocks 3.2.7; this is "
                        + version
                        + ", which takes compressed CSV only";
            }
        }
        return null;
    }

    static void check(Map<String, String> properties, List<String> troubles) {
        properties.forEach(
                (name, value) -> {
                    String trouble = trouble(name, value, properties);
                    if (trouble != null) {
                        troubles.add(
                                OptionValues.assigned(SinkOptions.PROPERTIES_PREFIX + name, value)
                                        + ": "
                                        + trouble);
                    }
                });
    }

    private static String trouble(String name, String value, Map<String, String> properties) {
        if (!HEADER_NAME.matcher(name).matches()) {
            return "the name can't be an HTTP header";
        }
        if (RESERVED.contains(name)) {
            return "this header is set by the sink itself";
        }
        if (name.startsWith("merge_commit_")) {
            return "merge commit comes with a later version";
        }
        if (FLAGS.contains(name) && !value.equals("true") && !value.equals("false")) {
            return "must be true or false";
        }
        if (SECONDS.containsKey(name)) {
            // Without an idle timeout, transactions wait for rows until their own.
            return seconds(value, name.equals(IDLE_TIMEOUT) ? 0 : 1, SECONDS.get(name));
        }
        switch (name) {
            case FORMAT:
                return value.equals("csv") || value.equals("json") ? null : "must be csv or json";
            case "column_separator":
            case "row_delimiter":
                return separator(value);
            case COMPRESSION:
                return COMPRESSIONS.contains(value)
                        ? null
                        : "must be one of " + String.join(", ", COMPRESSIONS);
            case "content-encoding":
                return "set 'sink.properties.compression' instead";
            case ENABLE_MERGE_COMMIT:
                return value.equals("true") ? "merge commit comes with a later version" : null;
            case STRIP_OUTER_ARRAY:
                return isJson(properties) && !value.equals("true")
                        ? "must be true: JSON rows are sent as one array"
                        : null;
            default:
                return value.chars().anyMatch(c -> c == '\r' || c == '\n' || c == 0)
                        ? "holds a character that no HTTP header can carry"
                        : null;
        }
    }

    private static String seconds(String value, int least, int most) {
        boolean digits = value.matches("[0-9]{1,10}");
        return digits && Long.parseLong(value) >= least && Long.parseLong(value) <= most
                ? null
                : "must be a whole number of seconds from " + least + " to " + most;
    }

    private static String separator(String value) {
        if (value.isEmpty()) {
            return "is empty";
        }
        Matcher hex = HEX_SEPARATOR.matcher(value);
        return hex.matches() && !HEX_DIGITS.matcher(hex.group(1)).matches()
                ? "after \\x come pairs of hexadecimal digits"
                : null;
    }
}
