package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import org.junit.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Events that the native half hands over. */
public class EventReaderTest {

    private static final String LOAD =
            "02 01 0100000000000000 0200000000000000 0300000000000000 0400000000000000 05000000"
                    + "0600000000000000 0700000000000000 0800000000000000 0900000000000000"
                    + "ffffffffffffffff";

    private static List<String> read(String hex) {
        List<String> seen = new ArrayList<>();
        EventReader.read(
                Hex.parse(hex),
                new SessionListener() {
                    @Override
                    public void log(LogLevel level, String text) {
                        seen.add(level + " " + text);
                    }

                    @Override
                    public void loadFinished(LoadReport load) {
                        seen.add(
                                Arrays.toString(
                                        new Object[] {
                                            load.ok(),
                                            load.rows(),
                                            load.bytes(),
                                            load.totalNanos(),
                                            load.totalNanosWithoutRetries(),
                                            load.retries(),
                                            load.loadMillis(),
                                            load.putMillis(),
                                            load.readMillis(),
                                            load.writeMillis(),
                                            load.commitPublishMillis()
                                        }));
                    }
                });
        return seen;
    }

    @Test
    public void eventsAreReadInOrder() {
        assertEquals(
                Arrays.asList("DEBUG ", "[true, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1]", "ERROR \u00fc"),
                read("01 01 00000000" + LOAD + "01 04 02000000 c3bc"));
    }

    @Test
    public void malformedEventsAreRefused() {
        for (String hex : new String[] {"03", "01 05 00000000", "01 00 00000000", "01 01 0000"}) {
            assertThrows(hex, IllegalArgumentException.class, () -> read(hex));
        }
        assertThrows(
                IllegalArgumentException.class, () -> read(LOAD.substring(0, LOAD.length() - 2)));
    }
}
