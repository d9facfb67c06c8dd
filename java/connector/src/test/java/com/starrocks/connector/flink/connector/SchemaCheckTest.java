package com.starrocks.connector.flink.connector;

import static com.starrocks.connector.flink.connector.Samples.flink;
import static com.starrocks.connector.flink.connector.Samples.server;
import static com.starrocks.connector.flink.connector.Samples.values;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.junit.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

public class SchemaCheckTest {

    private static final LogicalType INT = DataTypes.INT().getLogicalType();
    private static final LogicalType BIGINT = DataTypes.BIGINT().getLogicalType();
    private static final LogicalType STRING = DataTypes.STRING().getLogicalType();
    private static final LogicalType BYTES = DataTypes.BYTES().getLogicalType();

    private static List<String> troubles(
            OptionValues options, FlinkTable flink, ServerTable server) {
        ValidationException e =
                assertThrows(
                        ValidationException.class, () -> SchemaCheck.match(options, flink, server));
        List<String> lines = new ArrayList<>(Arrays.asList(e.getMessage().split("\n  - ")));
        assertEquals("The Flink table doesn't fit the StarRocks table db.t:", lines.remove(0));
        return lines;
    }

    private static void assertTrouble(String expected, FlinkTable flink, ServerTable server) {
        assertEquals(Collections.singletonList(expected), troubles(values(), flink, server));
    }

    @Test
    public void columnsMatchWithoutCaseAndAreSentInTheServersCase() {
        TargetTable table =
                SchemaCheck.match(
                        values(),
                        flink("ID", "NAME", STRING, "ID", BIGINT),
                        server("id bigint bigint(20) PRI", "Name varchar", "more int"));
        assertArrayEquals(new String[] {"Name", "id"}, table.names());
        assertArrayEquals(new String[] {"varchar", "bigint"}, table.serverTypes());
        assertTrue(table.upserts());
    }

    @Test
    public void everyMismatchIsReportedAtOnce() {
        assertEquals(
                Arrays.asList(
                        "column 'id': STRING can't be loaded into INT: that column takes BINARY,"
                                + " VARBINARY, TINYINT, SMALLINT, INTEGER",
                        "column 'nmae' doesn't exist in StarRocks; did you mean 'name'?",
                        "columns 'x' and 'X' are one for StarRocks, which doesn't tell case apart",
                        "the Flink table has PRIMARY KEY (id), but the StarRocks table is not a"
                                + " PRIMARY KEY table; remove the PRIMARY KEY in Flink"),
                troubles(
                        values(),
                        flink("id", "id", STRING, "nmae", STRING, "x", INT, "X", INT),
                        server("id int int(11) DUP", "name varchar", "x int")));
    }

    @Test
    public void primaryKeysMustBeTheSame() {
        ServerTable keyed = server("a int int(11) PRI", "b int int(11) PRI", "c int");
        assertTrouble(
                "the StarRocks table has PRIMARY KEY (a, b), the Flink table none; declare PRIMARY"
                        + " KEY (a, b) NOT ENFORCED",
                flink("", "a", INT, "b", INT),
                keyed);
        assertTrouble(
                "the Flink table has PRIMARY KEY (a), the StarRocks table PRIMARY KEY (a, b); they"
                        + " must be the same columns",
                flink("a", "a", INT, "b", INT),
                keyed);
        SchemaCheck.match(values(), flink("B,A", "A", INT, "B", INT), keyed);
        for (String model : new String[] {"DUP", "AGG", "UNI"}) {
            ServerTable other = server("a int int(11) " + model, "b int");
            assertFalse(SchemaCheck.match(values(), flink("", "a", INT), other).upserts());
        }
    }

    @Test
    public void columnsThatTheServerFillsCanBeLeftOut() {
        ServerTable table =
                server("id bigint bigint(20) PRI auto_increment", "name varchar", "day date");
        assertFalse(SchemaCheck.match(values(), flink("", "name", STRING), table).upserts());
        assertTrue(
                SchemaCheck.match(values(), flink("id", "id", BIGINT, "name", STRING), table)
                        .upserts());
    }

    /** Each row: a server type, and the Flink types that fit it; all others don't. */
    @Test
    public void typesFitAsListed() {
        Object[][] fits = {
            {"bigint bigint(20)", "BIGINT INT SMALLINT TINYINT BYTES BINARY"},
            {"bigint_unsigned bigint(20)_unsigned", "DECIMAL BIGINT INT BYTES BINARY"},
            {"int int(11)", "INT SMALLINT TINYINT BYTES BINARY"},
            {"smallint smallint(6)", "SMALLINT TINYINT INT BYTES BINARY"},
            {"tinyint tinyint(4)", "TINYINT INT BOOLEAN BYTES BINARY"},
            {"tinyint tinyint(1)", "BOOLEAN TINYINT INT"},
            {"boolean boolean", "BOOLEAN TINYINT INT"},
            {"decimal decimal(10,2)", "DECIMAL BIGINT INT DOUBLE FLOAT"},
            {"decimal64 decimal64(10,2)", "DECIMAL BIGINT INT DOUBLE FLOAT"},
            {"double double", "DOUBLE FLOAT BIGINT INT"},
            {"float float", "FLOAT INT"},
            {"date date", "DATE STRING VARCHAR"},
            {"datetime datetime", "TIMESTAMP TIMESTAMP_LTZ STRING VARCHAR"},
            {"char char(3)", "CHAR STRING VARCHAR"},
            {"varchar varchar(9)", "CHAR STRING VARCHAR ARRAY MAP ROW TIME"},
            {"string string", "CHAR STRING VARCHAR ARRAY MAP ROW TIME"},
            {"varbinary varbinary", "BYTES BINARY"},
            {"unknown varbinary(9)", "BYTES BINARY"},
            {"json json", "CHAR STRING VARCHAR ARRAY MAP ROW"},
            {"array array<int(11)>", "ARRAY"},
            {"unknown array<int(11)>", "ARRAY"},
            {"map map<int(11),int(11)>", "MAP"},
            {"unknown struct<a_int(11)>", "ROW"},
            {"unknown unknown", ALL},
            {"hll hll", ALL.replace("BYTES BINARY ", "")},
        };
        for (Object[] fit : fits) {
            for (String name : ALL.split(" ")) {
                FlinkTable flink = flink("", "c", type(name));
                ServerTable server = server("c " + fit[0]);
                OptionValues json = values("sink.properties.format", "json");
                String what = name + " into " + fit[0];
                if (Arrays.asList(((String) fit[1]).split(" ")).contains(name)) {
                    SchemaCheck.match(json, flink, server);
                } else {
                    String trouble = troubles(json, flink, server).get(0);
                    assertTrue(what + ": " + trouble, trouble.startsWith("column 'c': "));
                }
            }
        }
    }

    private static final String ALL =
            "BYTES BINARY BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT DOUBLE DECIMAL CHAR VARCHAR"
                    + " STRING DATE TIME TIMESTAMP TIMESTAMP_LTZ ARRAY MAP ROW";

    private static LogicalType type(String name) {
        DataType type;
        switch (name) {
            case "BYTES":
                return BYTES;
            case "BINARY":
                type = DataTypes.BINARY(4);
                break;
            case "BOOLEAN":
                type = DataTypes.BOOLEAN();
                break;
            case "TINYINT":
                type = DataTypes.TINYINT();
                break;
            case "SMALLINT":
                type = DataTypes.SMALLINT();
                break;
            case "INT":
                return INT;
            case "BIGINT":
                return BIGINT;
            case "FLOAT":
                type = DataTypes.FLOAT();
                break;
            case "DOUBLE":
                type = DataTypes.DOUBLE();
                break;
            case "DECIMAL":
                type = DataTypes.DECIMAL(20, 3);
                break;
            case "CHAR":
                type = DataTypes.CHAR(3);
                break;
            case "VARCHAR":
                type = DataTypes.VARCHAR(7);
                break;
            case "STRING":
                return STRING;
            case "DATE":
                type = DataTypes.DATE();
                break;
            case "TIME":
                type = DataTypes.TIME(0);
                break;
            case "TIMESTAMP":
                type = DataTypes.TIMESTAMP(6);
                break;
            case "TIMESTAMP_LTZ":
                type = DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(3);
                break;
            case "ARRAY":
                type = DataTypes.ARRAY(DataTypes.INT());
                break;
            case "MAP":
                type = DataTypes.MAP(DataTypes.STRING(), DataTypes.INT());
                break;
            case "ROW":
                type = DataTypes.ROW(DataTypes.FIELD("a", DataTypes.INT()));
                break;
            default:
                throw new AssertionError(name);
        }
        return type.getLogicalType();
    }

    @Test
    public void csvPointsToJsonForMapsAndRows() {
        assertTrouble(
                "column 'c': MAP<STRING, INT> can't be loaded into MAP: CSV can't carry MAP or ROW"
                        + " values into a MAP column; set 'sink.properties.format' = 'json'",
                flink("", "c", type("MAP")),
                server("c map"));
        LogicalType rows =
                DataTypes.ARRAY(DataTypes.ROW(DataTypes.FIELD("a", DataTypes.INT())))
                        .getLogicalType();
        assertEquals(1, troubles(values(), flink("", "c", rows), server("c array")).size());
        SchemaCheck.match(values(), flink("", "c", rows), server("c varchar"));
        SchemaCheck.match(values(), flink("", "c", type("ARRAY")), server("c array"));
    }

    @Test
    public void typesThatCantBeWrittenAreNamed() {
        LogicalType interval = DataTypes.INTERVAL(DataTypes.MONTH()).getLogicalType();
        LogicalType nested = DataTypes.ARRAY(DataTypes.MULTISET(DataTypes.INT())).getLogicalType();
        List<String> troubles =
                troubles(
                        values(),
                        flink("", "a", interval, "b", nested),
                        server("a int", "b varchar"));
        assertEquals(2, troubles.size());
        assertTrue(troubles.get(0), troubles.get(0).startsWith("column a has type INTERVAL"));
        assertTrue(troubles.get(1), troubles.get(1).contains("MULTISET<INT>"));
    }

    @Test
    public void aColumnListOfTheUsersSwitchesColumnChecksOff() {
        OptionValues options = values("sink.properties.columns", "A, tmp, name = upper(tmp)");
        TargetTable table =
                SchemaCheck.match(
                        options,
                        flink("", "A", STRING, "tmp", INT),
                        server("a int", "name varchar"));
        assertArrayEquals(new String[] {"A", "tmp"}, table.names());
        assertArrayEquals(new String[] {"int", ""}, table.serverTypes());
        assertEquals(
                1, troubles(options, flink("A", "A", INT), server("a int", "name varchar")).size());
    }

    @Test
    public void aSinkWithASchemaNeedsATable() {
        ValidationException e =
                assertThrows(
                        ValidationException.class,
                        () ->
                                SinkPlan.slots(
                                        values("table-name", "*"),
                                        flink("", "a", INT),
                                        (slots, row) -> {},
                                        options -> server("a int")));
        assertTrue(e.getMessage(), e.getMessage().startsWith("'database-name' = 'db',"));
    }

    @Test
    public void aRawSinkLooksWhetherItsTableIsThere() {
        List<String> asked = new ArrayList<>();
        ServerCatalog catalog =
                options -> {
                    asked.add(options.database() + "." + options.table());
                    return server("a int");
                };
        SinkPlan.raw(values(), catalog);
        SinkPlan.raw(values("database-name", "*", "table-name", "*"), catalog);
        assertEquals(Collections.singletonList("db.t"), asked);
    }
}
