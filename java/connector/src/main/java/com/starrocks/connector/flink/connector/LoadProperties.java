package com.starrocks.connector.flink.connector;

import java.util.Arrays;
import java.util.Collections;
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

    /** Of what StarRocks takes, the fastest, the smallest, and the one that everything knows. */
    private static final List<String> COMPRESSIONS =
            Collections.unmodifiableList(Arrays.asList("lz4_frame", "zstd", "gzip"));

    /** The first version that takes compressed JSON. */
    private static final int[] COMPRESSED_JSON_SINCE = {3, 2, 7};

    /** A header's name by RFC 9110, in lower case. */
    private static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9a-z-]+");

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

    /** The value as the sink and the server read it alike: formats in lower case. */
    static String normalized(String name, String value) {
        return name.equals(FORMAT) || name.equals(COMPRESSION)
                ? value.trim().toLowerCase(Locale.ROOT)
                : value;
    }

    static boolean isJson(Map<String, String> properties) {
        return "json".equals(properties.get(FORMAT));
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
            case "enable_merge_commit":
                return "true".equalsIgnoreCase(value.trim())
                        ? "merge commit comes with a later version"
                        : null;
            case "strip_outer_array":
                return isJson(properties) && !"true".equalsIgnoreCase(value.trim())
                        ? "must be true: JSON rows are sent as one array"
                        : null;
            case "timeout":
                return value.trim().matches("[1-9][0-9]{0,6}")
                        ? null
                        : "must be a whole number of seconds from 1";
            default:
                return value.chars().anyMatch(c -> c == '\r' || c == '\n' || c == 0)
                        ? "holds a character that no HTTP header can carry"
                        : null;
        }
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
