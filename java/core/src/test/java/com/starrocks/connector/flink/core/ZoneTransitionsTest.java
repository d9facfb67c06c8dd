package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Random;
import java.util.TreeMap;

/** Time zones as lists of offsets. */
public class ZoneTransitionsTest {

    private static final long YEAR_1 =
            LocalDateTime.of(1, 1, 1, 0, 0).toEpochSecond(ZoneOffset.UTC);
    private static final long YEAR_9999 =
            LocalDateTime.of(9999, 12, 31, 23, 59, 59).toEpochSecond(ZoneOffset.UTC);

    private static TreeMap<Long, Integer> decode(byte[] bytes) {
        assertEquals(0, bytes.length % 12);
        ByteSource in = new ByteSource(bytes, "zone");
        TreeMap<Long, Integer> offsets = new TreeMap<>();
        long last = Long.MIN_VALUE;
        while (in.hasMore()) {
            long from = in.i64();
            assertTrue("ascending", offsets.isEmpty() || from > last);
            offsets.put(from, in.i32());
            last = from;
        }
        return offsets;
    }

    @Test
    public void aFixedOffsetIsOneEntry() {
        assertEquals(
                Hex.strip("0000000000000080 58 4d 00 00"),
                Hex.of(ZoneTransitions.encode(ZoneOffset.ofHoursMinutes(5, 30))));
        assertEquals(1, decode(ZoneTransitions.encode(ZoneId.of("UTC"))).size());
    }

    @Test
    public void offsetsAreTheJvmsAtEveryInstant() {
        Random random = new Random(7);
        for (String id :
                new String[] {
                    "Asia/Shanghai",
                    "America/New_York",
                    "Europe/Berlin",
                    "Australia/Lord_Howe",
                    "Asia/Kathmandu",
                    "Africa/Casablanca",
                    "Pacific/Apia",
                    "America/Sao_Paulo"
                }) {
            ZoneId zone = ZoneId.of(id);
            TreeMap<Long, Integer> offsets = decode(ZoneTransitions.encode(zone));
            assertEquals((Long) Long.MIN_VALUE, offsets.firstKey());
            for (int i = 0; i < 20_000; i++) {
                long second =
                        i % 2 == 0
                                ? YEAR_1 + (long) (random.nextDouble() * (YEAR_9999 - YEAR_1))
                                : random.nextInt();
                check(zone, offsets, second);
            }
            for (long transition : offsets.tailMap(Long.MIN_VALUE, false).keySet()) {
                check(zone, offsets, transition);
                check(zone, offsets, transition - 1);
            }
        }
    }

    private static void check(ZoneId zone, TreeMap<Long, Integer> offsets, long second) {
        int expected = zone.getRules().getOffset(Instant.ofEpochSecond(second)).getTotalSeconds();
        assertEquals(zone + " " + second, expected, (int) offsets.floorEntry(second).getValue());
    }
}
