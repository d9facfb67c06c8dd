package com.starrocks.e2e;

import java.util.LinkedHashMap;
import java.util.Map;

/** Arguments as {@code --key value}: Flink's own class for them lies elsewhere in Flink 2. */
final class Arguments {
    private final Map<String, String> values = new LinkedHashMap<>();

    Arguments(String[] arguments) {
        for (int i = 0; i < arguments.length; i += 2) {
            if (!arguments[i].startsWith("--") || i + 1 == arguments.length) {
                throw new IllegalArgumentException("not --key value: " + arguments[i]);
            }
            values.put(arguments[i].substring(2), arguments[i + 1]);
        }
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    /** Null if it isn't there. */
    String get(String key) {
        return values.get(key);
    }

    String required(String key) {
        if (!has(key)) {
            throw new IllegalArgumentException("--" + key + " is missing");
        }
        return get(key);
    }

    long number(String key, long otherwise) {
        return has(key) ? Long.parseLong(get(key)) : otherwise;
    }

    Map<String, String> all() {
        return values;
    }
}
