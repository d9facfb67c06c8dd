package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;

import org.junit.Test;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The reply to a request for a table's schema. */
public class TableSchemaReplyTest {

    private static byte[] columns(String[]... columns) {
        ByteSink out = new ByteSink();
        out.u16(columns.length);
        for (String[] column : columns) {
            for (String text : column) {
                if (text == null) {
                    out.i32(-1);
                } else {
                    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                    out.i32(utf8.length);
                    out.bytes(utf8);
                }
            }
        }
        return out.toByteArray();
    }

    private static byte[] reply(byte[] columns) {
        return new PairsWriter().put("version", "3.3.2").put("columns", columns).toByteArray();
    }

    @Test
    public void columnsAreReadInOrder() {
        TableSchemaReply reply =
                new TableSchemaReply(
                        reply(
                                columns(
                                        new String[] {
                                            "Id",
                                            "bigint",
                                            "bigint(20)",
                                            "PRI",
                                            "19",
                                            "0",
                                            "auto_increment",
                                            "NO",
                                            null
                                        },
                                        new String[] {
                                            "\u4e2d",
                                            "decimal",
                                            "decimal(10, 2)",
                                            "",
                                            "10",
                                            "2",
                                            "",
                                            "YES",
                                            ""
                                        })));
        assertEquals("3.3.2", reply.version());
        assertEquals(2, reply.columns().size());
        TableSchemaReply.Column id = reply.columns().get(0);
        assertEquals("Id", id.name());
        assertEquals("bigint", id.dataType());
        assertEquals("bigint(20)", id.columnType());
        assertEquals("PRI", id.key());
        assertEquals("19", id.size());
        assertEquals("0", id.decimalDigits());
        assertEquals("auto_increment", id.extra());
        assertEquals("NO", id.nullable());
        assertNull(id.defaultValue());
        assertEquals("\u4e2d", reply.columns().get(1).name());
        assertEquals("", reply.columns().get(1).defaultValue());
    }

    @Test
    public void whatIsCutShortIsRefused() {
        byte[] whole = columns(new String[] {"a", "b", "c", "d", "e", "f", "g", "h", null});
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThrows(IllegalArgumentException.class, () -> new TableSchemaReply(reply(part)));
        }
        byte[] longer = Arrays.copyOf(whole, whole.length + 1);
        assertThrows(IllegalArgumentException.class, () -> new TableSchemaReply(reply(longer)));
    }
}
