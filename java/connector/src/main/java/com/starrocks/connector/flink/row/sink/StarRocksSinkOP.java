package com.starrocks.connector.flink.row.sink;

/**
 * What a row does to a PRIMARY KEY table. A {@link StarRocksSinkRowBuilder} puts the ordinal into
 * the last slot.
 */
public enum StarRocksSinkOP {
    /** Insert, or update of the row with the same key. */
    UPSERT,
    /** Delete of the row with the same key. */
    DELETE;

    /** Name of the column in which StarRocks takes it. */
    public static final String COLUMN_KEY = "__op";
}
