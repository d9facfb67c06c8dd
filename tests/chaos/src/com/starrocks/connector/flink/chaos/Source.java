package com.starrocks.connector.flink.chaos;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A source that can be read again: partitions of numbered rows, each a function of the seed,
 * partition and position alone.
 */
final class Source {

    /** Keys of a PRIMARY KEY table within a partition: few, so that rows meet. */
    private static final int KEYS = 12;

    /** Payload from here on is there for its size. */
    private static final int LONG = 2000;

    private final long seed;
    private final int partitions;
    private final List<Table> tables;
    private final int maxPayload;

    Source(long seed, int partitions, List<Table> tables, int maxPayload) {
        this.seed = seed;
        this.partitions = partitions;
        this.tables = Collections.unmodifiableList(tables);
        this.maxPayload = maxPayload;
    }

    int partitions() {
        return partitions;
    }

    /** A row; what becomes of a key is decided within one partition, as after a keyBy. */
    Row row(int partition, long position) {
        long random = mix(mix(seed ^ partition * 0x9E37_79B9L) + position);
        Table table = tables.get((int) Long.remainderUnsigned(random >>> 8, tables.size()));
        long number = position;
        boolean delete = false;
        if (table.primaryKey()) {
            number = (random >>> 20) % KEYS;
            delete = (random >>> 40) % 5 == 0;
        }
        return new Row(
                table.number(),
                number * partitions + partition,
                partition,
                position,
                delete,
                payload(random));
    }

    private String payload(long random) {
        int length = (int) Long.remainderUnsigned(mix(random), maxPayload + 1);
        return length < LONG ? pieces(random, length) : noise(random, length);
    }

    /** Doesn't compress to less than three quarters. */
    private static String noise(long random, int length) {
        byte[] text = new byte[length];
        long r = random;
        for (int i = 0; i < length; i++) {
            if (i % 10 == 0) {
                r = mix(r);
            }
            text[i] = (byte) ('0' + (r >>> i % 10 * 6 & 63));
        }
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    private static String pieces(long random, int length) {
        StringBuilder text = new StringBuilder(length);
        for (long r = random; text.length() < length; r = mix(r)) {
            text.append(PIECES[(int) Long.remainderUnsigned(r, PIECES.length)]);
        }
        return text.toString();
    }

    private static final String[] PIECES = {
        "row",
        " ",
        "\"",
        "\\",
        ",",
        "'",
        "{\"a\":1}",
        "\u00e9",
        "\ud83d\ude00",
        "NULL",
        "0",
        "--",
        "]"
    };

    /** SplitMix64's output function. */
    static long mix(long z) {
        z += 0x9E37_79B9_7F4A_7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D0_49BB_1331_11EBL;
        return z ^ (z >>> 31);
    }

    /** Rows that a table has once everything before these positions is in it, by id. */
    Map<Long, Row> expected(Table table, long[] positions) {
        Map<Long, Row> rows = new TreeMap<>();
        for (int partition = 0; partition < partitions; partition++) {
            for (long position = 0; position < positions[partition]; position++) {
                Row row = row(partition, position);
                if (row.table() == table.number()) {
                    if (row.delete()) {
                        rows.remove(row.id());
                    } else {
                        rows.put(row.id(), row);
                    }
                }
            }
        }
        return rows;
    }
}
