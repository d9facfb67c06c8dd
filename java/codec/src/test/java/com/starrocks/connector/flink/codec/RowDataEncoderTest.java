package com.starrocks.connector.flink.codec;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.core.BlockFullException;
import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.Hex;
import com.starrocks.connector.flink.core.RowBlock;

import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.apache.flink.table.data.binary.NestedRowData;
import org.apache.flink.table.data.utils.JoinedRowData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.types.RowKind;
import org.junit.Test;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Rows of Flink's SQL, of every class. */
public class RowDataEncoderTest {

    private static final DataType NESTED =
            DataTypes.ROW(
                    DataTypes.FIELD("i", DataTypes.INT()),
                    DataTypes.FIELD("s", DataTypes.STRING()));

    private static final DataType[] TYPES = {
        DataTypes.BOOLEAN(),
        DataTypes.TINYINT(),
        DataTypes.SMALLINT(),
        DataTypes.INT(),
        DataTypes.BIGINT(),
        DataTypes.FLOAT(),
        DataTypes.DOUBLE(),
        DataTypes.DECIMAL(10, 2),
        DataTypes.DECIMAL(38, 10),
        DataTypes.STRING(),
        DataTypes.BYTES(),
        DataTypes.DATE(),
        DataTypes.TIME(3),
        DataTypes.TIMESTAMP(3),
        DataTypes.TIMESTAMP(9),
        DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(6),
        DataTypes.ARRAY(DataTypes.STRING()),
        DataTypes.MAP(DataTypes.STRING(), DataTypes.ARRAY(DataTypes.INT())),
        NESTED
    };

    private static LogicalType[] logical(DataType... types) {
        return Arrays.stream(types).map(DataType::getLogicalType).toArray(LogicalType[]::new);
    }

    private static RowDataEncoder encoder(DataType... types) {
        return new RowDataEncoder(names(types), Arrays.asList(logical(types)));
    }

    /** An encoder that doesn't take binary rows as they lie. */
    private static RowDataEncoder readingFields(DataType... types) {
        return new RowDataEncoder(names(types), Arrays.asList(logical(types)), false);
    }

    private static List<String> names(DataType... types) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            names.add("c" + i);
        }
        return names;
    }

    private static DecimalData decimal(String text, int precision, int scale) {
        return DecimalData.fromBigDecimal(new BigDecimal(text), precision, scale);
    }

    private static GenericRowData sample() {
        Map<StringData, Object> map = new HashMap<>();
        map.put(StringData.fromString("k"), new GenericArrayData(new Integer[] {1, null}));
        return GenericRowData.of(
                true,
                (byte) -1,
                (short) 2,
                3,
                4L,
                1.0f,
                -1.0d,
                decimal("-12.34", 10, 2),
                decimal("1.0000000001", 38, 10),
                StringData.fromString("caf\u00e9"),
                new byte[] {1, 2},
                -1,
                1000,
                TimestampData.fromEpochMillis(-1),
                TimestampData.fromEpochMillis(1000, 999_999),
                TimestampData.fromEpochMillis(1000, 1000),
                new GenericArrayData(
                        new Object[] {StringData.fromString("x"), null, StringData.fromString("")}),
                new GenericMapData(map),
                GenericRowData.of(7, null));
    }

    private static final String SAMPLE =
            Hex.strip(
                    "02  03ff  040200  0503000000  060400000000000000  070000803f"
                            + "08000000000000f0bf  0902 2efbffffffffffff  090a 01e40b5402000000"
                            + "0b05000000636166c3a9  0c020000000102  0dffffffff"
                            + "0e00ca9a3b00000000  0fffffffffffffffff00000000"
                            + "0fe8030000000000003f420f00  10e803000000000000e8030000"
                            + "1103000000 0b0100000078 00 0b00000000"
                            + "1201000000 0b010000006b 1102000000 0501000000 00"
                            + "130200 0507000000 00");

    /** Rows of every class: with the same values, some columns of them are the same bytes. */
    @Test
    public void someColumnsOfRowsThatHaveMore() {
        DataType[] all = {DataTypes.INT(), DataTypes.STRING(), DataTypes.BIGINT()};
        LogicalType[] types = logical(all);
        GenericRowData generic = GenericRowData.of(7, StringData.fromString("x"), 9L);
        RowData binary = new RowDataSerializer(types).toBinaryRow(generic).copy();
        RowData joined =
                new JoinedRowData(
                        GenericRowData.of(7, StringData.fromString("x")), GenericRowData.of(9L));
        for (RowData row : new RowData[] {generic, binary, joined}) {
            RowBlock block = new RowBlock(1024);
            block.beginFrame(0, BlockLayout.UPSERT);
            byte kind =
                    new RowDataEncoder(
                                    Arrays.asList("c0", "c2"),
                                    Arrays.asList(types[0], types[2]),
                                    new int[] {0, 2})
                            .encode(row, block);
            assertEquals(BlockLayout.SLOTS, kind);
            block.endFrame(kind);
            assertEquals(
                    row.getClass().toString(),
                    Hex.strip("0507000000 060900000000000000"),
                    Hex.of(block).substring(2 * BlockLayout.FRAME_HEADER));
        }
        RowDataEncoder last =
                new RowDataEncoder(Arrays.asList("c2"), Arrays.asList(types[2]), new int[] {2});
        RowBlock block = new RowBlock(1024);
        block.beginFrame(0, BlockLayout.UPSERT);
        assertThrows(
                IllegalArgumentException.class, () -> last.encode(GenericRowData.of(7, 9L), block));
    }

    @Test
    public void genericRows() {
        // A decimal of precision 38 whose digits would fit an i64 is not compact in Flink.
        String expected =
                SAMPLE.replace(Hex.strip("090a 01e40b5402000000"), Hex.strip("0a0a05 02540be401"));
        assertEquals(expected, Blocks.payload(encoder(TYPES), sample()));
    }

    @Test
    public void binaryRowsReadFieldByFieldGiveTheSameBytes() {
        RowDataEncoder encoder = readingFields(TYPES);
        assertEquals(
                Blocks.payload(encoder, sample()),
                Blocks.payload(
                        encoder, new RowDataSerializer(logical(TYPES)).toBinaryRow(sample())));
    }

    @Test
    public void wrapperRowsGiveTheSameBytes() {
        RowDataEncoder encoder = encoder(TYPES);
        GenericRowData whole = sample();
        GenericRowData left = new GenericRowData(5);
        GenericRowData right = new GenericRowData(TYPES.length - 5);
        for (int i = 0; i < TYPES.length; i++) {
            (i < 5 ? left : right).setField(i < 5 ? i : i - 5, whole.getField(i));
        }
        assertEquals(
                Blocks.payload(encoder, whole),
                Blocks.payload(encoder, new JoinedRowData(left, right)));
    }

    @Test
    public void rowsOfAnyClassGiveTheSameBytes() {
        RowDataEncoder encoder = encoder(TYPES);
        GenericRowData row = sample();
        RowData foreign =
                (RowData)
                        Proxy.newProxyInstance(
                                RowData.class.getClassLoader(),
                                new Class<?>[] {RowData.class},
                                (proxy, method, arguments) -> {
                                    try {
                                        return method.invoke(row, arguments);
                                    } catch (InvocationTargetException e) {
                                        throw e.getCause();
                                    }
                                });
        assertEquals(Blocks.payload(encoder, row), Blocks.payload(encoder, foreign));
    }

    @Test
    public void columnarRows() throws Exception {
        Object longs = Columnar.vector("HeapLongVector", 3);
        Columnar.set(longs, "vector", new long[] {1, 2, 3});
        Object strings = Columnar.vector("HeapBytesVector", 3);
        for (int i = 0; i < 3; i++) {
            Columnar.append(strings, i, ("row" + i).getBytes(StandardCharsets.UTF_8));
        }
        RowDataEncoder encoder = encoder(DataTypes.BIGINT(), DataTypes.STRING());
        assertEquals(
                Hex.strip("060200000000000000 0b04000000726f7731"),
                Blocks.payload(encoder, Columnar.row(1, longs, strings)));
    }

    @Test
    public void binaryRowsGoAsTheyLie() {
        RowDataEncoder encoder = encoder(TYPES);
        BinaryRowData row = new RowDataSerializer(logical(TYPES)).toBinaryRow(sample());
        byte[] bytes = Blocks.bytes(row);
        RowBlock block = new RowBlock(1 << 16);
        assertEquals(BlockLayout.BINARY, encoder.encode(row, block));
        assertEquals(Hex.of(bytes), Hex.of(block));
        assertEquals(BlockLayout.SLOTS, encoder.encode(sample(), block));
        block.clear();

        // Somewhere in a segment, as in Flink's buffers; and into a block that has grown.
        BinaryRowData inside = Blocks.spread(row, 24, bytes.length + 100);
        assertEquals(BlockLayout.BINARY, encoder.encode(inside, block));
        assertEquals(Hex.of(bytes), Hex.of(block));
        assertEquals(Hex.of(bytes), Blocks.payload(encoder, inside));

        RowBlock tooSmall = new RowBlock(bytes.length - 1);
        assertThrows(BlockFullException.class, () -> encoder.encode(inside, tooSmall));
    }

    @Test
    public void binaryRowsOfAnotherLayoutAreReadFieldByField() {
        RowDataEncoder all = encoder(DataTypes.INT(), DataTypes.INT());
        RowDataEncoder first = encoder(DataTypes.INT());
        BinaryRowData row = new BinaryRowData(2);
        row.pointTo(MemorySegmentFactory.wrap(new byte[24]), 0, 24);
        row.setInt(0, 5);
        row.setInt(1, 6);
        assertEquals(BlockLayout.BINARY, all.encode(row, new RowBlock(64)));
        RowBlock block = new RowBlock(64);
        assertEquals(BlockLayout.SLOTS, first.encode(row, block));
        assertEquals(Hex.strip("0505000000"), Hex.of(block));

        NestedRowData nested = new NestedRowData(2);
        nested.pointTo(row.getSegments(), 0, 24);
        block.clear();
        assertEquals(BlockLayout.SLOTS, all.encode(nested, block));
        assertEquals(Hex.strip("0505000000 0506000000"), Hex.of(block));
    }

    @Test
    public void rowsAcrossSegments() {
        RowDataEncoder whole = encoder(TYPES);
        RowDataEncoder fields = readingFields(TYPES);
        GenericRowData row = sample();
        row.setField(9, StringData.fromString(repeat("long \u4e2d ", 100)));
        String expected = Blocks.payload(fields, row);
        BinaryRowData binary = new RowDataSerializer(logical(TYPES)).toBinaryRow(row);
        byte[] bytes = Blocks.bytes(binary);
        int fixed = BinaryRowData.calculateFixPartSizeInBytes(TYPES.length);
        // The fixed part lies in the first segment always; segments are of one size.
        for (int size = (fixed + 63) / 64 * 64; size < bytes.length; size *= 2) {
            for (int shift : new int[] {0, 8, 56}) {
                if (fixed + shift > size) {
                    continue;
                }
                BinaryRowData spread = Blocks.spread(binary, shift, size);
                assertEquals(expected, Blocks.payload(fields, spread));
                assertEquals(Hex.of(bytes), Blocks.payload(whole, spread));
            }
        }
    }

    @Test
    public void aRowThatLiesAboutItsSizeIsNoRow() {
        BinaryRowData row = new BinaryRowData(1);
        row.pointTo(Blocks.segments(new byte[32], 0, 16), 0, 33);
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () -> Blocks.payload(encoder(DataTypes.INT()), row));
        assertTrue(e.getMessage(), e.getMessage().contains("1 bytes behind"));
    }

    @Test
    public void anotherLayoutOfBinaryRowsIsNoticed() {
        assertTrue(BinaryRows.ARE_KNOWN);
        byte[] sample = BinaryRows.sample();
        assertNull(BinaryRows.trouble(sample));
        // The header's first byte is the row's kind; the rubbish in short slots is not to be read.
        assertUnnoticed(sample, 0);
        int header = 8;
        for (int slot = 0; slot < 18; slot++) {
            byte[] changed = sample.clone();
            // Of nested values, where they lie; nobody needs their size.
            changed[header + slot * 8 + (slot < 15 ? 0 : 4)] ^= 1;
            assertEquals(slot == 14, BinaryRows.trouble(changed) == null);
        }
        assertUnnoticed(sample, header + 1);
        assertUnnoticed(sample, header + 8 + 7);
        assertUnnoticed(sample, header + 3 * 8 + 4);
        for (int bit = 0; bit < 18; bit++) {
            byte[] changed = sample.clone();
            changed[(bit + 8) / 8] ^= (byte) (1 << bit % 8);
            assertNotNull(BinaryRows.trouble(changed));
        }
    }

    private static void assertUnnoticed(byte[] sample, int at) {
        byte[] changed = sample.clone();
        changed[at] ^= 1;
        assertNull(BinaryRows.trouble(changed));
    }

    @Test
    public void stringsInEveryState() {
        RowDataEncoder encoder = encoder(DataTypes.STRING());
        BinaryStringData bytes =
                BinaryStringData.fromBytes("xh\u00fcx".getBytes(StandardCharsets.UTF_8), 1, 3);
        BinaryStringData both = BinaryStringData.fromString("h\u00fc");
        both.ensureMaterialized();
        StringData foreign =
                (StringData)
                        Proxy.newProxyInstance(
                                StringData.class.getClassLoader(),
                                new Class<?>[] {StringData.class},
                                (proxy, method, arguments) ->
                                        "h\u00fc".getBytes(StandardCharsets.UTF_8));
        for (StringData string :
                new StringData[] {BinaryStringData.fromString("h\u00fc"), bytes, both, foreign}) {
            assertEquals("0b0300000068c3bc", Blocks.payload(encoder, GenericRowData.of(string)));
        }
        for (StringData empty :
                new StringData[] {
                    BinaryStringData.EMPTY_UTF8,
                    BinaryStringData.fromString(""),
                    BinaryStringData.fromBytes(new byte[0])
                }) {
            assertEquals("0b00000000", Blocks.payload(encoder, GenericRowData.of(empty)));
        }
    }

    @Test
    public void extremes() {
        assertEquals(
                Hex.strip(
                        "03 80  04 0080  05 00000080  06 0000000000000080"
                                + "07 0000c07f  08 000000000000f07f"
                                + "09 00 4ef6ffffffffffff"
                                + "0a 00 10 4b3b4ca85a86c47a098a223fffffffff"),
                Blocks.payload(
                        encoder(
                                DataTypes.TINYINT(),
                                DataTypes.SMALLINT(),
                                DataTypes.INT(),
                                DataTypes.BIGINT(),
                                DataTypes.FLOAT(),
                                DataTypes.DOUBLE(),
                                DataTypes.DECIMAL(4, 0),
                                DataTypes.DECIMAL(38, 0)),
                        GenericRowData.of(
                                Byte.MIN_VALUE,
                                Short.MIN_VALUE,
                                Integer.MIN_VALUE,
                                Long.MIN_VALUE,
                                Float.NaN,
                                Double.POSITIVE_INFINITY,
                                decimal("-2482", 4, 0),
                                decimal("99999999999999999999999999999999999999", 38, 0))));
    }

    @Test
    public void nullsAndKinds() {
        RowDataEncoder encoder = readingFields(TYPES);
        GenericRowData row = new GenericRowData(RowKind.DELETE, TYPES.length);
        String expected = String.join("", Collections.nCopies(TYPES.length, "00"));
        assertEquals(expected, Blocks.payload(encoder, row));
        assertEquals(
                expected,
                Blocks.payload(encoder, new RowDataSerializer(logical(TYPES)).toBinaryRow(row)));
    }

    @Test
    public void misuseIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> Blocks.payload(encoder(TYPES), GenericRowData.of(1)));
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> encoder(DataTypes.INT(), DataTypes.MULTISET(DataTypes.INT())));
        assertTrue(e.getMessage(), e.getMessage().contains("column c1"));
        e =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                Blocks.payload(
                                        encoder(DataTypes.INT(), DataTypes.STRING()),
                                        GenericRowData.of(1, "not Flink's string")));
        assertTrue(e.getMessage(), e.getMessage().contains("column c1"));
        DataType deep = DataTypes.INT();
        for (int i = 0; i < BlockLayout.MAX_DEPTH; i++) {
            deep = DataTypes.ARRAY(deep);
        }
        encoder(deep);
        DataType deeper = DataTypes.ARRAY(deep);
        assertThrows(IllegalArgumentException.class, () -> encoder(deeper));
    }

    private static String repeat(String text, int count) {
        return String.join("", Collections.nCopies(count, text));
    }
}
