package com.starrocks.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Arguments as {@code --key value}: Flink's own class for them lies elsewhere in Flink 2. A single
 * {@code @file} names a file that has each of them on a line, for they show in the log of {@code
 * bin/flink}, and a password may be among them.
 */
final class Arguments {
    private final Map<String, String> values = new LinkedHashMap<>();

    Arguments(String[] given) throws IOException {
        String[] arguments = given;
        if (given.length == 1 && given[0].startsWith("@")) {
            byte[] file = Files.readAllBytes(Paths.get(given[0].substring(1)));
            arguments = new String(file, StandardCharsets.UTF_8).split("\n");
        }
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
