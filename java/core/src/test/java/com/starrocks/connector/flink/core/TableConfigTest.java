package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import org.junit.Test;

import java.util.Arrays;

/** A table's description as it crosses the native boundary. */
public class TableConfigTest {

    private static String columnsOf(String name, TypeNode type, String serverType) {
        TableConfig table =
                TableConfig.columns("d", "t", TableConfig.Format.CSV)
                        .column(name, type, serverType)
                        .build();
        return Hex.of(new PairsReader(table.toByteArray()).bytes("columns"));
    }

    private static String typeOf(TypeNode type) {
        String hex = columnsOf("", type, "");
        return hex.substring(8, hex.length() - 4);
    }

    @Test
    public void aTableOfColumns() {
        TableConfig table =
                TableConfig.columns("db", "tab", TableConfig.Format.JSON)
                        .withOp(true)
                        .column("Id", TypeNode.of(TypeNode.Kind.BIGINT), "bigint")
                        .column("\u4e2d", TypeNode.decimal(38, 10), "")
                        .build();
        PairsReader pairs = new PairsReader(table.toByteArray());
        assertEquals("[database, table, format, raw, op, columns]", pairs.keys().toString());
        assertEquals("db", pairs.text("database"));
        assertEquals("tab", pairs.text("table"));
        assertEquals("json", pairs.text("format"));
        assertEquals("false", pairs.text("raw"));
        assertEquals("true", pairs.text("op"));
        assertEquals(
                Hex.strip("0200  0200 4964 05 0600 626967696e74  0300 e4b8ad 08260a 0000"),
                Hex.of(pairs.bytes("columns")));
    }

    @Test
    public void aTableOfText() {
        PairsReader pairs =
                new PairsReader(TableConfig.raw("d", "t", TableConfig.Format.CSV).toByteArray());
        assertEquals("[database, table, format, raw, op]", pairs.keys().toString());
        assertEquals("csv", pairs.text("format"));
        assertEquals("true", pairs.text("raw"));
        assertEquals("false", pairs.text("op"));
    }

    @Test
    public void everyTypeHasItsNumberAndParameters() {
        TypeNode.Kind[] plain = {
            TypeNode.Kind.BOOLEAN,
            TypeNode.Kind.TINYINT,
            TypeNode.Kind.SMALLINT,
            TypeNode.Kind.INT,
            TypeNode.Kind.BIGINT,
            TypeNode.Kind.FLOAT,
            TypeNode.Kind.DOUBLE
        };
        for (int i = 0; i < plain.length; i++) {
            assertEquals(String.format("%02x", i + 1), typeOf(TypeNode.of(plain[i])));
        }
        assertEquals("080902", typeOf(TypeNode.decimal(9, 2)));
        assertEquals("09", typeOf(TypeNode.of(TypeNode.Kind.STRING)));
        assertEquals("0a", typeOf(TypeNode.of(TypeNode.Kind.BINARY)));
        assertEquals("0b", typeOf(TypeNode.of(TypeNode.Kind.DATE)));
        assertEquals("0c00", typeOf(TypeNode.time(0)));
        assertEquals("0d06", typeOf(TypeNode.timestamp(6)));
        assertEquals("0e09", typeOf(TypeNode.timestampLtz(9)));
        TypeNode number = TypeNode.of(TypeNode.Kind.INT);
        assertEquals("0f04", typeOf(TypeNode.array(number)));
        assertEquals(
                "10090f04",
                typeOf(TypeNode.map(TypeNode.of(TypeNode.Kind.STRING), TypeNode.array(number))));
        assertEquals(
                Hex.strip("11 0200 0100 61 04 0200 6262 0d03"),
                typeOf(
                        TypeNode.row(
                                Arrays.asList("a", "bb"),
                                Arrays.asList(number, TypeNode.timestamp(3)))));
    }

    @Test
    public void misuseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> TypeNode.of(TypeNode.Kind.DECIMAL));
        assertThrows(
                IllegalArgumentException.class,
                () -> TypeNode.row(Arrays.asList("a"), Arrays.<TypeNode>asList()));
        assertThrows(
                IllegalArgumentException.class,
                () -> TableConfig.columns("d", "t", TableConfig.Format.CSV).build());
        char[] name = new char[70_000];
        Arrays.fill(name, 'x');
        assertThrows(
                IllegalArgumentException.class,
                () -> columnsOf(new String(name), TypeNode.of(TypeNode.Kind.INT), ""));
    }

    @Test
    public void typesCompareAndPrint() {
        TypeNode one = TypeNode.map(TypeNode.of(TypeNode.Kind.STRING), TypeNode.decimal(9, 2));
        TypeNode two = TypeNode.map(TypeNode.of(TypeNode.Kind.STRING), TypeNode.decimal(9, 2));
        assertEquals(one, two);
        assertEquals(one.hashCode(), two.hashCode());
        assertEquals("MAP[STRING, DECIMAL(9, 2)]", one.toString());
        assertEquals("TIMESTAMP_LTZ(6)", TypeNode.timestampLtz(6).toString());
    }
}
