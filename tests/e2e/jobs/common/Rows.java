package com.starrocks.e2e;

import com.starrocks.connector.flink.row.sink.StarRocksSinkOP;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;

import java.math.BigDecimal;
import java.time.LocalDateTime;

/**
 * Numbered rows. Row n: id = n, name = "row-n" (NULL where n is a multiple of 10), amount = n +
 * 0.25, at = 2020-01-01 + n seconds. Where there are operations, every row with n % 100 == 99
 * deletes its key.
 */
final class Rows {
    private static final LocalDateTime EPOCH = LocalDateTime.of(2020, 1, 1, 0, 0);

    private Rows() {}

    /** With {@code --fail-at} the job fails at that row, each time it comes. */
    static DataStream<Long> failing(Arguments arguments, DataStream<Long> numbers) {
        if (!arguments.has("fail-at")) {
            return numbers;
        }
        long failAt = arguments.number("fail-at", -1);
        return numbers.map(n -> failingAt(failAt, n)).returns(Types.LONG);
    }

    private static long failingAt(long failAt, long n) {
        if (n == failAt) {
            throw new IllegalStateException("row " + n + ", where the job is to fail");
        }
        return n;
    }

    static void fill(Object[] slots, long n, long id) {
        slots[0] = id;
        slots[1] = name(n);
        slots[2] = BigDecimal.valueOf(n * 100 + 25, 2);
        slots[3] = EPOCH.plusSeconds(n);
    }

    private static String name(long n) {
        return n % 10 == 0 ? null : "row-" + n;
    }

    private static String at(long n) {
        return EPOCH.plusSeconds(n).toString().replace('T', ' ') + (n % 60 == 0 ? ":00" : "");
    }

    static String json(long n) {
        String name = name(n) == null ? "null" : '"' + name(n) + '"';
        return "{\"id\":"
                + n
                + ",\"name\":"
                + name
                + ",\"amount\":"
                + n
                + ".25,\"at\":\""
                + at(n)
                + "\"}";
    }

    static String csv(long n) {
        String name = name(n) == null ? "\\N" : name(n);
        return n + "\t" + name + "\t" + n + ".25\t" + at(n);
    }

    static int operation(long n) {
        return (n % 100 == 99 ? StarRocksSinkOP.DELETE : StarRocksSinkOP.UPSERT).ordinal();
    }
}
