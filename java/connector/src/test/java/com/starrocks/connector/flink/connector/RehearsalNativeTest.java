package com.starrocks.connector.flink.connector;

import static com.starrocks.connector.flink.connector.Samples.PASSWORD;
import static com.starrocks.connector.flink.connector.Samples.flink;
import static com.starrocks.connector.flink.connector.Samples.server;
import static com.starrocks.connector.flink.connector.Samples.values;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.core.NativeSession;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.junit.Test;

import java.time.ZoneId;

/** What the native half thinks of a plan is known when the job is planned. */
public class RehearsalNativeTest {

    /** Knows the table without a server, and asks the native half. */
    private static final ServerCatalog CATALOG =
            new ServerCatalog() {
                @Override
                public ServerTable read(OptionValues options) {
                    return server("id int");
                }

                @Override
                public void rehearse(SinkPlan<?> plan) {
                    ServerCatalog.openAndClose(plan);
                }
            };

    private static void plan(String... options) {
        OptionValues values = values(options);
        FlinkTable table = flink("", "id", DataTypes.INT().getLogicalType());
        SinkPlan.sql(values, table, ZoneId.of("UTC"), CATALOG);
        SinkPlan.slots(values, table, (slots, row) -> {}, CATALOG);
        SinkPlan.raw(values, CATALOG);
    }

    private static void assertRefused(String part, String... options) {
        ValidationException e = assertThrows(ValidationException.class, () -> plan(options));
        assertTrue(e.getMessage(), e.getMessage().contains(part));
        assertFalse(e.getMessage(), e.getMessage().contains(PASSWORD));
    }

    @Test
    public void goodPlansPassAndLeaveNothing() {
        plan();
        plan("sink.properties.format", "json");
        // Only there where the subtasks run.
        plan("sink.tls.ca-file", "/no/such/file.pem");
        assertEquals(0, NativeSession.liveSessions());
        assertEquals(0, NativeSession.liveThreads());
    }

    @Test
    public void bothSpellingsOfASeparatorPass() {
        plan("sink.properties.column_separator", "\\x01", "sink.properties.row_delimiter", "\\x02");
        plan("sink.properties.column_separator", "\\\\x01", "sink.properties.row_delimiter", "\n");
    }

    @Test
    public void whatTheNativeHalfRefusesIsAnErrorOfPlanning() {
        assertRefused(
                "the row delimiter occurs in the column separator",
                "sink.properties.column_separator",
                "||",
                "sink.properties.row_delimiter",
                "|");
        assertRefused(
                "'sink.properties.enclose' must be one ASCII character",
                "sink.properties.enclose",
                "''");
        assertRefused("'sink.properties.skip_header'", "sink.properties.skip_header", "1");
        assertEquals(0, NativeSession.liveSessions());
    }
}
