package com.starrocks.connector.flink.table.sink;

/** Delivery guarantee of the sink. */
public enum StarRocksSinkSemantic {
    /** Each row arrives once or more often. */
    AT_LEAST_ONCE("at-least-once"),
    /** Each row arrives once. */
    EXACTLY_ONCE("exactly-once");

    private final String name;

    StarRocksSinkSemantic(String name) {
        this.name = name;
    }

    /** The value of {@code sink.semantic}. */
    public String getName() {
        return name;
    }

    /**
     * The guarantee with this value of {@code sink.semantic}.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static StarRocksSinkSemantic fromName(String name) {
        for (StarRocksSinkSemantic semantic : values()) {
            if (semantic.name.equals(name)) {
                return semantic;
            }
        }
        throw new IllegalArgumentException("unknown semantic '" + name + "'");
    }
}
