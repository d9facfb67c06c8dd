package com.starrocks.connector.flink.connector;

import org.apache.flink.table.api.ValidationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The options of one sink, checked. Immutable, and serializable as part of the job.
 *
 * <p>{@link #toString} hides the password and everything else that looks like a credential.
 */
public final class OptionValues implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(OptionValues.class);

    /** Keys in a table's options that belong to Flink, not to the sink. */
    private static final Set<String> FLINK_KEYS =
            Collections.unmodifiableSet(
                    new HashSet<>(Arrays.asList("connector", "property-version")));

    /** A connection's own buffers, and some room for rows. */
    private static final long MEMORY_PER_THREAD = 1L << 20;

    /** What a thread that compresses needs besides, at most. */
    private static final long MEMORY_TO_COMPRESS = 2L << 20;

    private static final String MASK = "******";

    private final TreeMap<String, String> given;
    private final TreeMap<String, String> properties;

    private OptionValues(TreeMap<String, String> given, TreeMap<String, String> properties) {
        this.given = given;
        this.properties = properties;
    }

    /**
     * Checks options.
     *
     * @param options keys and values as the user gave them
     * @throws ValidationException naming everything that is wrong with them, not the first alone
     */
    public static OptionValues check(Map<String, String> options) {
        List<String> troubles = new ArrayList<>();
        Set<String> wrong = new HashSet<>();
        TreeMap<String, String> given = new TreeMap<>();
        TreeMap<String, String> properties = new TreeMap<>();
        for (Map.Entry<String, String> entry : new TreeMap<>(options).entrySet()) {
            String key = entry.getKey();
            if (FLINK_KEYS.contains(key)) {
                continue;
            }
            if (entry.getValue() == null) {
                troubles.add(named(key) + " has no value");
            } else if (key.startsWith(SinkOptions.PROPERTIES_PREFIX)) {
                String name =
                        key.substring(SinkOptions.PROPERTIES_PREFIX.length())
                                .toLowerCase(Locale.ROOT);
                String value = LoadProperties.normalized(name, entry.getValue());
                String before = properties.put(name, value);
                if (before != null && !before.equals(value)) {
                    troubles.add(named(key) + " is given twice, in different case and value");
                }
            } else {
                SinkOption<?> option = SinkOptions.find(key);
                if (option == null) {
                    troubles.add(unknown(key));
                } else {
                    int before = troubles.size();
                    checkValue(option, entry.getValue(), troubles);
                    if (troubles.size() == before) {
                        given.put(key, entry.getValue());
                    } else {
                        wrong.add(key);
                    }
                }
            }
        }
        for (SinkOption<?> option : SinkOptions.all()) {
            if (option.isRequired() && !options.containsKey(option.key())) {
                troubles.add(named(option.key()) + " is missing: " + option.help());
            }
        }
        LoadProperties.check(properties, troubles);
        OptionValues values = new OptionValues(given, properties);
        values.checkTogether(wrong, troubles);
        if (troubles.isEmpty()) {
            return values;
        }
        throw new ValidationException(
                "The options of the StarRocks sink can't be used:\n  - "
                        + String.join("\n  - ", troubles));
    }

    private static <T> void checkValue(SinkOption<T> option, String text, List<String> troubles) {
        try {
            T value = option.parse(text);
            if (option.refuses(value)) {
                troubles.add(assigned(option.key(), text) + " is not supported: " + option.note());
            }
        } catch (IllegalArgumentException e) {
            troubles.add(assigned(option.key(), text) + ": " + e.getMessage());
        }
    }

    /**
     * Checks values against each other.
     *
     * @param wrong keys whose values are wrong in themselves; what they mean can't be judged
     */
    private void checkTogether(Set<String> wrong, List<String> troubles) {
        long limit = get(SinkOptions.CHUNK_LIMIT);
        if (isJson() && limit > LoadProperties.MAX_JSON_BYTES) {
            troubles.add(
                    assigned(SinkOptions.CHUNK_LIMIT.key(), String.valueOf(limit))
                            + " contradicts 'sink.properties.format' = 'json': a JSON load must be"
                            + " at most "
                            + LoadProperties.MAX_JSON_BYTES
                            + " bytes");
        }
        long threads = get(SinkOptions.IO_THREADS);
        long perThread = MEMORY_PER_THREAD;
        if (properties().containsKey(LoadProperties.COMPRESSION)) {
            perThread += MEMORY_TO_COMPRESS;
        }
        boolean boundIsKnown =
                !wrong.contains(SinkOptions.MAX_MEMORY.key())
                        && (isGiven(SinkOptions.MAX_MEMORY)
                                || !wrong.contains(SinkOptions.MAX_BYTES.key()));
        if (boundIsKnown && threads * perThread > maxMemory()) {
            troubles.add(
                    assigned(SinkOptions.IO_THREADS.key(), String.valueOf(threads))
                            + " contradicts a bound of "
                            + maxMemory()
                            + " bytes of memory ('"
                            + SinkOptions.MAX_MEMORY.key()
                            + "'): each thread needs "
                            + perThread
                            + " bytes");
        }
    }

    private static String unknown(String key) {
        // The value isn't shown: under a misspelt key it may be the password.
        String nearest = Spelling.nearest(key, SinkOption.keys(SinkOptions.all(), option -> true));
        return named(key)
                + " is not an option of the StarRocks sink"
                + (nearest == null ? "" : "; did you mean '" + nearest + "'?");
    }

    private static String named(String key) {
        return "'" + key + "'";
    }

    static String assigned(String key, String value) {
        return named(key) + " = '" + shown(key, value) + "'";
    }

    /** The value as it may be shown. */
    private static String shown(String key, String value) {
        String lower = key.toLowerCase(Locale.ROOT);
        for (String word :
                new String[] {"password", "secret", "token", "authorization", "credential"}) {
            if (lower.contains(word)) {
                return MASK;
            }
        }
        return lower.endsWith("-url") ? Addresses.masked(value) : value;
    }

    /** The option's value, or its default; null if it has neither. */
    public <T> T get(SinkOption<T> option) {
        return option.read(given);
    }

    /** Whether the user gave a value. */
    public boolean isGiven(SinkOption<?> option) {
        return given.containsKey(option.key());
    }

    /** Headers of the stream load that the user set, names in lower case. */
    public Map<String, String> properties() {
        return Collections.unmodifiableMap(properties);
    }

    /** Whether rows are loaded as JSON, not CSV. */
    public boolean isJson() {
        return LoadProperties.isJson(properties);
    }

    /** Whether loads update some columns of rows and leave the others as they are. */
    public boolean isPartialUpdate() {
        return LoadProperties.isPartialUpdate(properties);
    }

    /** The hard bound of native memory, in bytes. */
    public long maxMemory() {
        Long value = get(SinkOptions.MAX_MEMORY);
        return value != null ? value : 2 * get(SinkOptions.MAX_BYTES);
    }

    /** Whether each row names its own table, so that there is no table to look at beforehand. */
    public boolean anyTable() {
        return "*".equals(database()) || "*".equals(table());
    }

    /** The database. */
    public String database() {
        return get(SinkOptions.DATABASE);
    }

    /** The table. */
    public String table() {
        return get(SinkOptions.TABLE);
    }

    /** Whether each row is to arrive once, not once or more often. */
    boolean isExactlyOnce() {
        return SinkOptions.EXACTLY_ONCE.equals(get(SinkOptions.SEMANTIC));
    }

    /** What the native half is told: every option that concerns it, defaults filled in. */
    Map<String, String> handed() {
        Map<String, String> pairs = new LinkedHashMap<>();
        for (SinkOption<?> option : SinkOptions.all()) {
            Object value = handedValue(option);
            if (option.isHanded() && value != null) {
                pairs.put(option.key(), value.toString());
            }
        }
        for (Map.Entry<String, String> property : properties.entrySet()) {
            pairs.put(SinkOptions.PROPERTIES_PREFIX + property.getKey(), property.getValue());
        }
        return pairs;
    }

    private Object handedValue(SinkOption<?> option) {
        if (option == SinkOptions.MAX_MEMORY) {
            return maxMemory();
        }
        if (option == SinkOptions.VERSION) {
            return get(SinkOptions.VERSION).toUpperCase(Locale.ROOT);
        }
        if (option == SinkOptions.USE_TRANSACTION && !isGiven(option)) {
            return null;
        }
        return get(option);
    }

    /**
     * Says in the log, once for a sink, which of the given options do nothing, or less than they
     * say, and why.
     */
    public void logNotes() {
        List<String> notes = withoutEffect();
        if (!notes.isEmpty()) {
            LOG.info(
                    "Options of the StarRocks sink that are accepted but have no effect: {}",
                    String.join("; ", notes));
        }
        String early = earlyLoads();
        if (early != null) {
            LOG.info(early);
        }
    }

    /**
     * That loads begin before {@link SinkOptions#MAX_BYTES} are there; null if they don't. Half of
     * the memory fills while the other half is on its way.
     */
    String earlyLoads() {
        long half = maxMemory() / 2;
        long wanted = get(SinkOptions.MAX_BYTES);
        return half >= wanted
                ? null
                : "StarRocks sink: loads begin at "
                        + half
                        + " buffered bytes at the latest, half of '"
                        + SinkOptions.MAX_MEMORY.key()
                        + "', not at the "
                        + wanted
                        + " of '"
                        + SinkOptions.MAX_BYTES.key()
                        + "'; raise the former to twice the latter for that";
    }

    List<String> withoutEffect() {
        List<String> notes = new ArrayList<>();
        for (SinkOption<?> option : SinkOptions.all()) {
            if (option.status() == SinkOption.Status.NO_EFFECT && isGiven(option)) {
                notes.add("'" + option.key() + "' (" + option.note() + ")");
            }
        }
        return notes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OptionValues
                && given.equals(((OptionValues) other).given)
                && properties.equals(((OptionValues) other).properties);
    }

    @Override
    public int hashCode() {
        return given.hashCode() * 31 + properties.hashCode();
    }

    @Override
    public String toString() {
        List<String> shown = new ArrayList<>();
        given.forEach((key, value) -> shown.add(key + "=" + shown(key, value)));
        properties.forEach(
                (name, value) ->
                        shown.add(SinkOptions.PROPERTIES_PREFIX + name + "=" + shown(name, value)));
        return "{" + String.join(", ", shown) + "}";
    }
}
