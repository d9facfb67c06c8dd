package com.starrocks.connector.flink.chaos;

import java.util.Arrays;
import java.util.Locale;

/** What the sink promises. */
enum Mode {
    V1,
    V2,
    ALO;

    /** A mode by the name that the command line has for it. */
    static Mode of(String name) {
        return Arrays.stream(values())
                .filter(mode -> mode.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "no mode '" + name + "'; there are V1, V2 and alo"));
    }

    boolean exactlyOnce() {
        return this != ALO;
    }

    @Override
    public String toString() {
        return this == ALO ? name().toLowerCase(Locale.ROOT) : name();
    }
}
