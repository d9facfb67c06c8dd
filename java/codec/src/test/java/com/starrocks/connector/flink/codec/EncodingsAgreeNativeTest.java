package com.starrocks.connector.flink.codec;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.LoadReport;
import com.starrocks.connector.flink.core.LoadServer;
import com.starrocks.connector.flink.core.LogLevel;
import com.starrocks.connector.flink.core.NativeLibrary;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.RowEncoder;
import com.starrocks.connector.flink.core.SessionListener;
import com.starrocks.connector.flink.core.TableConfig;
import com.starrocks.connector.flink.core.TypeNode;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.BooleanType;
import org.apache.flink.table.types.logical.DateType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.DoubleType;
import org.apache.flink.table.types.logical.FloatType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.SmallIntType;
import org.apache.flink.table.types.logical.TimeType;
import org.apache.flink.table.types.logical.TimestampType;
import org.apache.flink.table.types.logical.TinyIntType;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.types.Row;
import org.junit.BeforeClass;
import org.junit.Test;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Random rows of random schemas: whichever way they take to the server, as binary rows that are
 * copied, in one piece or in several, or read field by field, as generic rows or as slots, the
 * server receives the same bytes.
 */
public class EncodingsAgreeNativeTest {

    private static final int SCHEMAS = 20;
    private static final int ROWS = 25;
    private static final int[] FINENESS = {0, 3, 6, 9};
    private static final int[] PRECISIONS = {5, 15, 18, 19, 30, 38};

    private static final SessionListener QUIET =
            new SessionListener() {
                @Override
                public void log(LogLevel level, String text) {}

                @Override
                public void loadFinished(LoadReport load) {
                    assertTrue(load.ok());
                }
            };

    @BeforeClass
    public static void load() {
        NativeLibrary.load(null, Collections.<String>emptyList());
    }

    @Test
    public void everyWayGivesTheSameBytes() throws Exception {
        for (int seed = 1; seed <= SCHEMAS; seed++) {
            try (LoadServer server = new LoadServer();
                    NativeSession session =
                            NativeSession.open(
                                    LoadServer.config(server.address()), 1 << 20, QUIET)) {
                new Round(seed, server, session).run();
            }
        }
        assertEquals(0, NativeSession.liveSessions());
        assertEquals(0, NativeSession.liveBytes());
    }

    /** One schema with its rows. */
    private static final class Round {

        private final Random random;
        private final String name;
        private final LoadServer server;
        private final NativeSession session;
        private final List<String> names = new ArrayList<>();
        private final List<LogicalType> types = new ArrayList<>();
        private final List<TypeNode> nodes = new ArrayList<>();
        private final List<GenericRowData> generic = new ArrayList<>();
        private final List<BinaryRowData> binary = new ArrayList<>();
        private final List<BinaryRowData> spread = new ArrayList<>();
        private final List<Object[]> slots = new ArrayList<>();
        private int taken;

        Round(int seed, LoadServer server, NativeSession session) {
            this.random = new Random(seed);
            this.server = server;
            this.session = session;
            // Some schemas have more columns than fit the first word of NULL bits.
            int columns = 2 + random.nextInt(seed % 5 == 0 ? 80 : 15);
            for (int i = 0; i < columns; i++) {
                names.add("c" + i);
                types.add(type(2, true));
                nodes.add(LogicalTypes.toTypeNode("c" + i, types.get(i)));
            }
            RowDataSerializer serializer = new RowDataSerializer(types.toArray(new LogicalType[0]));
            for (int i = 0; i < ROWS; i++) {
                GenericRowData row = new GenericRowData(columns);
                Object[] ofRow = new Object[columns];
                for (int c = 0; c < columns; c++) {
                    row.setField(c, value(types.get(c)));
                    ofRow[c] = slot(row.getField(c), types.get(c));
                }
                BinaryRowData copied = serializer.toBinaryRow(row).copy();
                generic.add(row);
                binary.add(copied);
                int size = 16 << random.nextInt(8);
                spread.add(Blocks.spread(copied, random.nextInt(Math.min(size, 64)), size));
                slots.add(ofRow);
            }
            this.name = "seed " + seed + ", types " + types;
        }

        void run() throws Exception {
            for (TableConfig.Format format : TableConfig.Format.values()) {
                TableConfig.Builder builder = TableConfig.columns("db", "t" + format, format);
                for (int i = 0; i < names.size(); i++) {
                    builder.column(names.get(i), nodes.get(i), serverType(types.get(i)));
                }
                int table = session.addTable(builder.build());
                RowDataEncoder whole = new RowDataEncoder(names, types);
                RowDataEncoder fields = new RowDataEncoder(names, types, false);
                String expected = loaded(table, fields, binary);
                assertTrue(expected.length() > ROWS);
                assertEquals(name, expected, loaded(table, whole, binary));
                assertEquals(name, expected, loaded(table, whole, spread));
                assertEquals(name, expected, loaded(table, whole, generic));
                assertEquals(name, expected, loaded(table, new SlotEncoder(names, nodes), slots));
            }
        }

        /** What the server receives of these rows. */
        private <T> String loaded(int table, RowEncoder<? super T> encoder, List<T> rows)
                throws InterruptedException {
            for (T row : rows) {
                session.write(table, BlockLayout.UPSERT, row, encoder);
            }
            session.flush();
            session.awaitLoaded();
            String all = server.loaded();
            String added = all.substring(taken);
            taken = all.length();
            return added;
        }

        private static String serverType(LogicalType type) {
            switch (type.getTypeRoot()) {
                case BOOLEAN:
                    return "boolean";
                case INTEGER:
                    return "int";
                case TIME_WITHOUT_TIME_ZONE:
                case VARCHAR:
                    return "varchar";
                case TIMESTAMP_WITHOUT_TIME_ZONE:
                case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                    return "datetime";
                case ARRAY:
                case MAP:
                case ROW:
                    return "json";
                default:
                    return type.getTypeRoot().name().toLowerCase(java.util.Locale.ROOT);
            }
        }

        private LogicalType type(int depth, boolean isColumn) {
            int kinds = isColumn ? 15 : 14;
            int pick = random.nextInt(depth == 0 ? kinds : kinds + 3);
            if (pick >= kinds) {
                return container(pick - kinds, depth - 1);
            }
            switch (pick) {
                case 0:
                    return new BooleanType();
                case 1:
                    return new TinyIntType();
                case 2:
                    return new SmallIntType();
                case 3:
                    return new IntType();
                case 4:
                    return new BigIntType();
                case 5:
                    return new FloatType();
                case 6:
                    return new DoubleType();
                case 7:
                case 8:
                    int precision = PRECISIONS[random.nextInt(PRECISIONS.length)];
                    return new DecimalType(precision, random.nextInt(precision + 1));
                case 9:
                    return new DateType();
                case 10:
                    return new TimeType(3);
                case 11:
                    return new TimestampType(FINENESS[random.nextInt(FINENESS.length)]);
                case 12:
                    return new LocalZonedTimestampType(FINENESS[random.nextInt(FINENESS.length)]);
                case 13:
                    return new VarCharType(VarCharType.MAX_LENGTH);
                default:
                    return new VarBinaryType(VarBinaryType.MAX_LENGTH);
            }
        }

        private LogicalType container(int pick, int depth) {
            switch (pick) {
                case 0:
                    return new ArrayType(type(depth, false));
                case 1:
                    return new MapType(
                            new VarCharType(false, VarCharType.MAX_LENGTH), type(depth, false));
                default:
                    return RowType.of(type(depth, false), type(depth, false));
            }
        }

        /** A value as Flink's generic rows hold it. */
        private Object value(LogicalType type) {
            if (type.isNullable() && random.nextInt(8) == 0) {
                return null;
            }
            switch (type.getTypeRoot()) {
                case BOOLEAN:
                    return random.nextBoolean();
                case TINYINT:
                    return (byte) random.nextInt();
                case SMALLINT:
                    return (short) random.nextInt();
                case INTEGER:
                    return random.nextInt();
                case BIGINT:
                    return random.nextLong() >> random.nextInt(64);
                case FLOAT:
                    return Float.intBitsToFloat(random.nextInt());
                case DOUBLE:
                    return Double.longBitsToDouble(random.nextLong());
                case DECIMAL:
                    DecimalType decimal = (DecimalType) type;
                    return decimal(decimal.getPrecision(), decimal.getScale());
                case DATE:
                    return random.nextInt(60_000) - 30_000;
                case TIME_WITHOUT_TIME_ZONE:
                    return random.nextInt(86_400_000);
                case TIMESTAMP_WITHOUT_TIME_ZONE:
                    return timestamp(((TimestampType) type).getPrecision());
                case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                    return timestamp(((LocalZonedTimestampType) type).getPrecision());
                case VARCHAR:
                    return StringData.fromString(text());
                case VARBINARY:
                    byte[] bytes = new byte[random.nextInt(20)];
                    random.nextBytes(bytes);
                    return bytes;
                case ARRAY:
                    return array(((ArrayType) type).getElementType());
                case MAP:
                    return map(((MapType) type).getValueType());
                default:
                    GenericRowData row = new GenericRowData(2);
                    row.setField(0, value(type.getChildren().get(0)));
                    row.setField(1, value(type.getChildren().get(1)));
                    return row;
            }
        }

        private DecimalData decimal(int precision, int scale) {
            int digits = 1 + random.nextInt(precision);
            BigInteger unscaled = new BigInteger(130, random).mod(BigInteger.TEN.pow(digits));
            return DecimalData.fromBigDecimal(
                    new BigDecimal(random.nextBoolean() ? unscaled : unscaled.negate(), scale),
                    precision,
                    scale);
        }

        private TimestampData timestamp(int precision) {
            long seconds = random.nextInt();
            switch (precision) {
                case 0:
                    return TimestampData.fromEpochMillis(seconds * 1000);
                case 3:
                    return TimestampData.fromEpochMillis(seconds * 1000 + random.nextInt(1000));
                case 6:
                    return TimestampData.fromEpochMillis(
                            seconds * 1000 + random.nextInt(1000), random.nextInt(1000) * 1000);
                default:
                    return TimestampData.fromEpochMillis(
                            seconds * 1000 + random.nextInt(1000), random.nextInt(1_000_000));
            }
        }

        /** Text that CSV can carry, of lengths around those that binary rows hold inline. */
        private String text() {
            int length = random.nextInt(random.nextInt(10) == 0 ? 5000 : 20);
            StringBuilder text = new StringBuilder();
            boolean ascii = random.nextBoolean();
            while (text.length() < length) {
                if (ascii || random.nextInt(3) == 0) {
                    text.append((char) (' ' + random.nextInt(95)));
                } else if (random.nextInt(10) == 0) {
                    text.appendCodePoint(0x10000 + random.nextInt(0x10000));
                } else {
                    text.append((char) (0xA0 + random.nextInt(0x5000)));
                }
            }
            return text.toString().replace("\\N", "N");
        }

        private GenericArrayData array(LogicalType element) {
            Object[] values = new Object[random.nextInt(5)];
            for (int i = 0; i < values.length; i++) {
                values[i] = value(element);
            }
            return new GenericArrayData(values);
        }

        private GenericMapData map(LogicalType valueType) {
            Map<Object, Object> map = new LinkedHashMap<>();
            int size = random.nextInt(4);
            for (int i = 0; i < size; i++) {
                map.put(StringData.fromString("key" + i + text()), value(valueType));
            }
            return new GenericMapData(map);
        }

        /** The same value as a user's code would put it into a slot. */
        private static Object slot(Object value, LogicalType type) {
            if (value == null) {
                return null;
            }
            switch (type.getTypeRoot()) {
                case DECIMAL:
                    return ((DecimalData) value).toBigDecimal();
                case DATE:
                    return LocalDate.ofEpochDay((Integer) value);
                case TIME_WITHOUT_TIME_ZONE:
                    return LocalTime.ofNanoOfDay((Integer) value * 1_000_000L);
                case TIMESTAMP_WITHOUT_TIME_ZONE:
                    return ((TimestampData) value).toLocalDateTime();
                case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                    return ((TimestampData) value).toInstant();
                case VARCHAR:
                    return value.toString();
                case ARRAY:
                    List<Object> list = new ArrayList<>();
                    for (Object element : ((GenericArrayData) value).toObjectArray()) {
                        list.add(slot(element, ((ArrayType) type).getElementType()));
                    }
                    return list;
                case MAP:
                    return slotOfMap((GenericMapData) value, (MapType) type);
                case ROW:
                    GenericRowData row = (GenericRowData) value;
                    return Row.of(
                            slot(row.getField(0), type.getChildren().get(0)),
                            slot(row.getField(1), type.getChildren().get(1)));
                default:
                    return value;
            }
        }

        private static Object slotOfMap(GenericMapData map, MapType type) {
            Object[] keys = ((GenericArrayData) map.keyArray()).toObjectArray();
            Map<Object, Object> slots = new LinkedHashMap<>();
            for (Object key : keys) {
                slots.put(key.toString(), slot(map.get(key), type.getValueType()));
            }
            return slots;
        }
    }
}
