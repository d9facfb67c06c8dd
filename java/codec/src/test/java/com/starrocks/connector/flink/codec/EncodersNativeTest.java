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

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.types.Row;
import org.junit.After;
import org.junit.Before;
import org.junit.BeforeClass;
import org.junit.Test;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** What Java encodes and Rust writes, as a server receives it: every type, by every encoder. */
public class EncodersNativeTest {

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
        DataTypes.DATE(),
        DataTypes.TIME(3),
        DataTypes.TIMESTAMP(6),
        DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(6),
        DataTypes.ARRAY(DataTypes.STRING()),
        DataTypes.MAP(DataTypes.STRING(), DataTypes.INT()),
        DataTypes.ROW(
                DataTypes.FIELD("i", DataTypes.INT()), DataTypes.FIELD("s", DataTypes.STRING()))
    };

    private static final String[] SERVER_TYPES = {
        "boolean",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "float",
        "double",
        "decimal",
        "decimal",
        "varchar",
        "date",
        "varchar",
        "datetime",
        "datetime",
        "array",
        "json",
        "json"
    };

    private static final String JSON =
            "{\"c0\":1,\"c1\":-128,\"c2\":32767,\"c3\":-1,\"c4\":9223372036854775807,\"c5\":1.5,"
                    + "\"c6\":-0.1,\"c7\":-12.34,\"c8\":1234567890123456789012345678.0123456789,"
                    + "\"c9\":\"a\\\"\u4e2d\",\"c10\":\"2024-06-12\",\"c11\":\"12:34:56.789\","
                    + "\"c12\":\"0001-01-01 00:00:00.000001\",\"c13\":\"1970-01-01 00:00:01\","
                    + "\"c14\":[\"x\",null],\"c15\":{\"k\":7},\"c16\":{\"i\":8,\"s\":null}}";

    private static final String CSV =
            String.join(
                            "\t",
                            "1",
                            "-128",
                            "32767",
                            "-1",
                            "9223372036854775807",
                            "1.5",
                            "-0.1",
                            "-12.34",
                            "1234567890123456789012345678.0123456789",
                            "a\"\u4e2d",
                            "2024-06-12",
                            "12:34:56.789",
                            "0001-01-01 00:00:00.000001",
                            "1970-01-01 00:00:01",
                            "[\"x\",null]",
                            "{\"k\":7}",
                            "{\"i\":8,\"s\":null}")
                    + "\n";

    private static final BigDecimal WIDE =
            new BigDecimal("1234567890123456789012345678.0123456789");

    private LoadServer server;

    @BeforeClass
    public static void load() {
        NativeLibrary.load(null, Collections.<String>emptyList());
    }

    @Before
    public void start() throws Exception {
        server = new LoadServer();
    }

    @After
    public void stop() throws Exception {
        server.close();
        assertEquals(0, NativeSession.liveSessions());
        assertEquals(0, NativeSession.liveBytes());
    }

    private static List<String> names() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < TYPES.length; i++) {
            names.add("c" + i);
        }
        return names;
    }

    private static LogicalType[] logical() {
        return Arrays.stream(TYPES).map(DataType::getLogicalType).toArray(LogicalType[]::new);
    }

    private static List<TypeNode> nodes() {
        List<TypeNode> nodes = new ArrayList<>();
        for (LogicalType type : logical()) {
            nodes.add(LogicalTypes.toTypeNode("c", type));
        }
        return nodes;
    }

    private static RowData row() {
        return GenericRowData.of(
                true,
                Byte.MIN_VALUE,
                Short.MAX_VALUE,
                -1,
                Long.MAX_VALUE,
                1.5f,
                -0.1d,
                DecimalData.fromBigDecimal(new BigDecimal("-12.34"), 10, 2),
                DecimalData.fromBigDecimal(WIDE, 38, 10),
                StringData.fromString("a\"\u4e2d"),
                (int) LocalDate.of(2024, 6, 12).toEpochDay(),
                45_296_789,
                TimestampData.fromLocalDateTime(LocalDateTime.of(1, 1, 1, 0, 0, 0, 1000)),
                TimestampData.fromEpochMillis(1000),
                new GenericArrayData(new Object[] {StringData.fromString("x"), null}),
                new GenericMapData(Collections.singletonMap(StringData.fromString("k"), 7)),
                GenericRowData.of(8, null));
    }

    private static Object[] slots() {
        return new Object[] {
            true,
            Byte.MIN_VALUE,
            Short.MAX_VALUE,
            -1,
            BigInteger.valueOf(Long.MAX_VALUE),
            1.5f,
            -0.1d,
            new BigDecimal("-12.34"),
            WIDE,
            "a\"\u4e2d",
            LocalDate.of(2024, 6, 12),
            LocalTime.of(12, 34, 56, 789_000_000),
            Timestamp.valueOf("0001-01-01 00:00:00.000001"),
            Instant.ofEpochSecond(1),
            new String[] {"x", null},
            Collections.singletonMap("k", 7),
            Row.of(8, null)
        };
    }

    private <T> String loaded(TableConfig table, T row, RowEncoder<T> encoder) throws Exception {
        SessionListener listener =
                new SessionListener() {
                    @Override
                    public void log(LogLevel level, String text) {}

                    @Override
                    public void loadFinished(LoadReport load) {
                        assertTrue(load.ok());
                    }
                };
        try (NativeSession session =
                NativeSession.open(LoadServer.config(server.address()), 1 << 20, listener)) {
            session.write(session.addTable(table), BlockLayout.UPSERT, row, encoder);
            session.flush();
            session.awaitLoaded();
        }
        return server.loaded();
    }

    private static TableConfig table(TableConfig.Format format) {
        TableConfig.Builder builder = TableConfig.columns("db", "t", format);
        List<TypeNode> nodes = nodes();
        for (int i = 0; i < TYPES.length; i++) {
            builder.column("c" + i, nodes.get(i), SERVER_TYPES[i]);
        }
        return builder.build();
    }

    private static RowDataEncoder rowEncoder() {
        return new RowDataEncoder(names(), Arrays.asList(logical()));
    }

    @Test
    public void genericRowsAsJson() throws Exception {
        assertEquals("[" + JSON + "]", loaded(table(TableConfig.Format.JSON), row(), rowEncoder()));
    }

    @Test
    public void binaryRowsAsCsv() throws Exception {
        RowData binary = new RowDataSerializer(logical()).toBinaryRow(row());
        assertEquals(CSV, loaded(table(TableConfig.Format.CSV), binary, rowEncoder()));
    }

    @Test
    public void slotsAsJson() throws Exception {
        SlotEncoder encoder = new SlotEncoder(names(), nodes());
        assertEquals("[" + JSON + "]", loaded(table(TableConfig.Format.JSON), slots(), encoder));
    }

    @Test
    public void slotsAsCsv() throws Exception {
        SlotEncoder encoder = new SlotEncoder(names(), nodes());
        assertEquals(CSV, loaded(table(TableConfig.Format.CSV), slots(), encoder));
    }

    @Test
    public void textAsItIs() throws Exception {
        assertEquals(
                "[{\"a\":1}]",
                loaded(
                        TableConfig.raw("db", "t", TableConfig.Format.JSON),
                        "{\"a\":1}",
                        new RawEncoder()));
    }
}
