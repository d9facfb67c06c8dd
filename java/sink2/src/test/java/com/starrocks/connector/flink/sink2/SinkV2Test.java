package com.starrocks.connector.flink.sink2;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.connector.PlayedWriters;

import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.util.InstantiationUtil;
import org.junit.Test;

/** The sink that a client makes and ships, as the running Flink sees it. */
public class SinkV2Test {

    private static final String FLINK = System.getProperty("starrocks.test.flink");

    private static boolean before119() {
        String[] version = FLINK.split("\\.");
        return version[0].equals("1") && Integer.parseInt(version[1]) < 19;
    }

    private static Sink<String> shipped() throws Exception {
        return InstantiationUtil.clone(
                SinkV2.of(PlayedWriters.plan()), SinkV2Test.class.getClassLoader());
    }

    @Test
    public void itTravels() throws Exception {
        assertEquals("starrocks_sink(db.t)", shipped().toString());
    }

    /** Flink looks for state and committables by these interfaces alone. */
    @Test
    public void itHasTheInterfacesThatTheRunningFlinkLooksFor() throws Exception {
        String[] wanted =
                before119()
                        ? new String[] {"StatefulSink", "TwoPhaseCommittingSink"}
                        : new String[] {"SupportsWriterState", "SupportsCommitter"};
        for (String name : wanted) {
            Class<?> type = Class.forName("org.apache.flink.api.connector.sink2." + name);
            assertTrue(FLINK + ", " + type, type.isInstance(shipped()));
        }
    }

    /** Flink's own default for it would call a method that ours, compiled without it, hasn't. */
    @Test
    public void writersAreMadeByItsOwnMethod() throws Exception {
        Class<?> context =
                Class.forName(
                        "org.apache.flink.api.connector.sink2."
                                + (before119() ? "Sink$InitContext" : "WriterInitContext"));
        Sink<String> sink = shipped();
        assertSame(
                sink.getClass(),
                sink.getClass().getMethod("createWriter", context).getDeclaringClass());
    }
}
