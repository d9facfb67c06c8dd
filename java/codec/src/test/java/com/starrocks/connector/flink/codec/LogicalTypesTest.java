package com.starrocks.connector.flink.codec;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.utils.TypeConversions;
import org.junit.Test;

/** Flink's types as the native half knows them. */
public class LogicalTypesTest {

    private static void assertNode(String expected, DataType type) {
        assertEquals(expected, LogicalTypes.toTypeNode("c", type.getLogicalType()).toString());
        assertEquals(
                expected, LogicalTypes.toTypeNode("c", type.notNull().getLogicalType()).toString());
    }

    private static void assertUnsupported(String part, DataType type) {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> LogicalTypes.toTypeNode("price", type.getLogicalType()));
        assertTrue(e.getMessage(), e.getMessage().startsWith("column price has type "));
        assertTrue(e.getMessage(), e.getMessage().contains(part));
    }

    @Test
    public void everyTypeHasItsNode() {
        assertNode("BOOLEAN", DataTypes.BOOLEAN());
        assertNode("TINYINT", DataTypes.TINYINT());
        assertNode("SMALLINT", DataTypes.SMALLINT());
        assertNode("INT", DataTypes.INT());
        assertNode("BIGINT", DataTypes.BIGINT());
        assertNode("FLOAT", DataTypes.FLOAT());
        assertNode("DOUBLE", DataTypes.DOUBLE());
        assertNode("DECIMAL(20, 4)", DataTypes.DECIMAL(20, 4));
        assertNode("STRING", DataTypes.CHAR(3));
        assertNode("STRING", DataTypes.VARCHAR(3));
        assertNode("STRING", DataTypes.STRING());
        assertNode("BINARY", DataTypes.BINARY(3));
        assertNode("BINARY", DataTypes.VARBINARY(3));
        assertNode("BINARY", DataTypes.BYTES());
        assertNode("DATE", DataTypes.DATE());
        assertNode("TIME(3)", DataTypes.TIME(3));
        assertNode("TIMESTAMP(9)", DataTypes.TIMESTAMP(9));
        assertNode("TIMESTAMP_LTZ(0)", DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(0));
        assertNode("ARRAY[ARRAY[INT]]", DataTypes.ARRAY(DataTypes.ARRAY(DataTypes.INT())));
        assertNode("MAP[STRING, DATE]", DataTypes.MAP(DataTypes.STRING(), DataTypes.DATE()));
        assertNode(
                "ROW[a, b][INT, STRING]",
                DataTypes.ROW(
                        DataTypes.FIELD("a", DataTypes.INT()),
                        DataTypes.FIELD("b", DataTypes.STRING())));
    }

    @Test
    public void decimalsOfOldAreTakenWhereTheyAreNested() {
        assertNode(
                "ARRAY[DECIMAL(38, 18)]",
                TypeConversions.fromLegacyInfoToDataType(Types.OBJECT_ARRAY(Types.BIG_DEC)));
    }

    @Test
    public void theOthersAreNamedWithTheirColumn() {
        assertUnsupported("MULTISET<INT>", DataTypes.MULTISET(DataTypes.INT()));
        assertUnsupported("INTERVAL", DataTypes.INTERVAL(DataTypes.DAY()));
        assertUnsupported("NULL", DataTypes.NULL());
        assertUnsupported("TIMESTAMP(6) WITH TIME ZONE", DataTypes.TIMESTAMP_WITH_TIME_ZONE());
        assertUnsupported(
                "ROW<`a` ARRAY<MULTISET<INT>>>, in which MULTISET<INT> is nested",
                DataTypes.ROW(
                        DataTypes.FIELD(
                                "a", DataTypes.ARRAY(DataTypes.MULTISET(DataTypes.INT())))));
    }
}
