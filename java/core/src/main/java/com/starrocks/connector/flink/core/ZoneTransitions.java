package com.starrocks.connector.flink.core;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;

/**
 * A time zone as a list of offsets, so that the native half needs no time zone database and agrees
 * with the JVM's.
 */
public final class ZoneTransitions {

    /** StarRocks' DATETIME ends with the year 9999; no zone is a whole day off. */
    private static final long LAST_SECOND =
            LocalDateTime.of(9999, 12, 31, 23, 59, 59).plusDays(1).toEpochSecond(ZoneOffset.UTC);

    private ZoneTransitions() {}

    /**
     * Encodes the offsets of a zone up to the year 9999.
     *
     * @return per entry i64 epoch second from which on it holds and i32 offset from UTC in seconds,
     *     ascending; the first holds from {@link Long#MIN_VALUE}
     */
    public static byte[] encode(ZoneId zone) {
        ZoneRules rules = zone.getRules();
        ByteSink out = new ByteSink();
        ZoneOffsetTransition transition = rules.nextTransition(Instant.MIN);
        ZoneOffset first =
                transition == null ? rules.getOffset(Instant.EPOCH) : transition.getOffsetBefore();
        entry(out, Long.MIN_VALUE, first);
        while (transition != null && transition.toEpochSecond() <= LAST_SECOND) {
            entry(out, transition.toEpochSecond(), transition.getOffsetAfter());
            transition = rules.nextTransition(transition.getInstant());
        }
        return out.toByteArray();
    }

    private static void entry(ByteSink out, long fromSecond, ZoneOffset offset) {
        out.i64(fromSecond);
        out.i32(offset.getTotalSeconds());
    }
}
