import com.starrocks.connector.flink.codec.LogicalTypes;
import com.starrocks.connector.flink.codec.RawEncoder;
import com.starrocks.connector.flink.codec.RowDataEncoder;
import com.starrocks.connector.flink.codec.SlotEncoder;
import com.starrocks.connector.flink.core.BlockFullException;
import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.LoadReport;
import com.starrocks.connector.flink.core.LoadServer;
import com.starrocks.connector.flink.core.LogLevel;
import com.starrocks.connector.flink.core.NativeLibrary;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;
import com.starrocks.connector.flink.core.SessionListener;
import com.starrocks.connector.flink.core.TypeNode;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.DateType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.TimestampType;
import org.apache.flink.table.types.logical.VarCharType;

import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.IntConsumer;

/**
 * What it costs to encode a row into the row block: CPU time of the thread, and bytes of heap, per
 * row.
 *
 * <p>Each case should have a JVM to itself, as {@code ./dev bench encode} gives it: the JVM
 * compiles for the classes it has seen. Arguments: the name of the case ({@code list} prints all of
 * them).
 */
public final class EncodeBench {

    private static final int ROWS = 1000;
    private static final int BLOCK_BYTES = NativeSession.BLOCK_BYTES;
    private static final int WARM_UPS = 8;
    private static final int ROUNDS = 15;
    private static final long ROUND_NANOS = 100_000_000L;

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final String[] SHAPES = {"lineitem", "narrow", "wide", "long", "chinese"};
    private static final String[] KINDS = {"binary", "generic", "java-strings", "slots"};

    private final Random random = new Random(42);
    private final RowBlock block = new RowBlock(BLOCK_BYTES);

    public static void main(String[] arguments) {
        if (arguments[0].equals("list")) {
            for (String shape : SHAPES) {
                for (String kind : KINDS) {
                    System.out.println(shape + "/" + kind);
                }
            }
            System.out.println("json/raw");
            System.out.println("json-chinese/raw");
            System.out.println("json-4k/raw");
            System.out.println("jni/check");
            return;
        }
        new EncodeBench().run(arguments[0]);
    }

    private void run(String name) {
        String shape = name.substring(0, name.indexOf('/'));
        String kind = name.substring(name.indexOf('/') + 1);
        if (shape.equals("jni")) {
            measureCalls(name);
            return;
        }
        if (kind.equals("raw")) {
            measure(name, new RawEncoder(), json(shape));
            return;
        }
        LogicalType[] types = types(shape);
        List<String> names = new ArrayList<>();
        List<TypeNode> nodes = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            names.add("c" + i);
            nodes.add(LogicalTypes.toTypeNode("c" + i, types[i]));
        }
        if (kind.equals("slots")) {
            Object[][] rows = new Object[ROWS][];
            for (int i = 0; i < ROWS; i++) {
                rows[i] = slots(types, shape);
            }
            measure(name, new SlotEncoder(names, nodes), rows);
            return;
        }
        RowDataSerializer serializer = new RowDataSerializer(types);
        RowData[] rows = new RowData[ROWS];
        for (int i = 0; i < ROWS; i++) {
            GenericRowData row = generic(slots(types, shape), types, !kind.equals("java-strings"));
            rows[i] = kind.equals("binary") ? serializer.toBinaryRow(row).copy() : row;
        }
        measure(name, new RowDataEncoder(names, Arrays.asList(types)), rows);
    }

    /**
     * A native call that finds nothing to do: what every call costs, its lock on this side
     * included.
     */
    private void measureCalls(String name) {
        NativeLibrary.load(System.getProperty("library"), Collections.<String>emptyList());
        SessionListener quiet =
                new SessionListener() {
                    @Override
                    public void log(LogLevel level, String text) {}

                    @Override
                    public void loadFinished(LoadReport report) {}
                };
        try (NativeSession session =
                NativeSession.open(LoadServer.config("127.0.0.1:1"), 1 << 20, quiet)) {
            measure(name, ROWS, call -> session.check());
        }
    }

    private <T> void measure(String name, RowEncoder<T> encoder, T[] rows) {
        measure(name, rows.length, row -> write(rows[row], encoder));
    }

    private void measure(String name, int rows, IntConsumer write) {
        int passes = 1;
        List<Double> nanos = new ArrayList<>();
        double heap = Double.MAX_VALUE;
        for (int round = 0; round < WARM_UPS + ROUNDS; round++) {
            long heapBefore = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
            long before = THREADS.getCurrentThreadCpuTime();
            for (int pass = 0; pass < passes; pass++) {
                for (int row = 0; row < rows; row++) {
                    write.accept(row);
                }
            }
            long spent = THREADS.getCurrentThreadCpuTime() - before;
            long allocated =
                    THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - heapBefore;
            double count = (double) passes * rows;
            if (round < WARM_UPS) {
                passes = (int) Math.max(1, passes * ROUND_NANOS / Math.max(1, spent));
            } else {
                nanos.add(spent / count);
                heap = Math.min(heap, allocated / count);
            }
        }
        nanos.sort(null);
        System.out.printf(
                Locale.ROOT,
                "%-24s %8.1f %8.1f %8.1f %10.2f%n",
                name,
                nanos.get(0),
                nanos.get(nanos.size() / 2),
                nanos.get(nanos.size() - 1),
                heap);
    }

    /** What a session does with a row, but for handing over the block. */
    private <T> void write(T row, RowEncoder<T> encoder) {
        try {
            block.beginFrame(1, BlockLayout.UPSERT);
            block.endFrame(encoder.encode(row, block));
        } catch (BlockFullException e) {
            block.clear();
            write(row, encoder);
        }
    }

    private static LogicalType[] types(String shape) {
        LogicalType text = new VarCharType(VarCharType.MAX_LENGTH);
        switch (shape) {
            case "lineitem":
            case "chinese":
                LogicalType money = new DecimalType(15, 2);
                LogicalType date = new DateType();
                return new LogicalType[] {
                    new BigIntType(),
                    new IntType(),
                    new IntType(),
                    new IntType(),
                    money,
                    money,
                    money,
                    money,
                    text,
                    text,
                    date,
                    date,
                    date,
                    text,
                    text,
                    text
                };
            case "narrow":
                return new LogicalType[] {new IntType(), new IntType(), new IntType()};
            case "wide":
                LogicalType[] cycle = {
                    new IntType(),
                    new BigIntType(),
                    text,
                    new DecimalType(15, 2),
                    new TimestampType(6)
                };
                LogicalType[] types = new LogicalType[100];
                for (int i = 0; i < types.length; i++) {
                    types[i] = cycle[i % cycle.length];
                }
                return types;
            case "long":
                return new LogicalType[] {new BigIntType(), text};
            default:
                throw new IllegalArgumentException("no such shape of rows: " + shape);
        }
    }

    private Object[] slots(LogicalType[] types, String shape) {
        Object[] slots = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            slots[i] = value(types[i], i, shape);
        }
        return slots;
    }

    private Object value(LogicalType type, int column, String shape) {
        switch (type.getTypeRoot()) {
            case INTEGER:
                return random.nextInt(200_000);
            case BIGINT:
                return (long) random.nextInt(6_000_000);
            case DECIMAL:
                return BigDecimal.valueOf(random.nextInt(10_000_000), 2);
            case DATE:
                return LocalDate.ofEpochDay(8000 + random.nextInt(2500));
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return LocalDateTime.of(2024, 6, 12, 1, 2, 3, random.nextInt(999_999) * 1000);
            default:
                return text(column, shape);
        }
    }

    private String text(int column, String shape) {
        if (shape.equals("long")) {
            return ascii(4096);
        }
        if (shape.equals("chinese")) {
            return chinese(column < 10 ? 1 : column == 15 ? 26 : 8);
        }
        switch (column) {
            case 8:
                return pick("A", "N", "R");
            case 9:
                return pick("O", "F");
            case 13:
                return pick("DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN");
            case 14:
                return pick("REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB");
            default:
                return ascii(20 + random.nextInt(13));
        }
    }

    /** A string of its own, as a source would make it. */
    private String pick(String... texts) {
        return new String(texts[random.nextInt(texts.length)].toCharArray());
    }

    private String ascii(int length) {
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }

    private String chinese(int length) {
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append((char) (0x4e00 + random.nextInt(5000)));
        }
        return text.toString();
    }

    private GenericRowData generic(Object[] slots, LogicalType[] types, boolean bytes) {
        GenericRowData row = new GenericRowData(slots.length);
        for (int i = 0; i < slots.length; i++) {
            row.setField(i, internal(slots[i], types[i], bytes));
        }
        return row;
    }

    private static Object internal(Object value, LogicalType type, boolean bytes) {
        if (value instanceof BigDecimal) {
            DecimalType decimal = (DecimalType) type;
            return DecimalData.fromBigDecimal(
                    (BigDecimal) value, decimal.getPrecision(), decimal.getScale());
        }
        if (value instanceof LocalDate) {
            return (int) ((LocalDate) value).toEpochDay();
        }
        if (value instanceof LocalDateTime) {
            return TimestampData.fromLocalDateTime((LocalDateTime) value);
        }
        if (value instanceof String) {
            BinaryStringData string = BinaryStringData.fromString((String) value);
            if (bytes) {
                string.ensureMaterialized();
            }
            return string;
        }
        return value;
    }

    /** JSON texts of some 300 bytes, of as many Chinese characters, or of 4 KB. */
    private String[] json(String shape) {
        String[] rows = new String[ROWS];
        for (int i = 0; i < ROWS; i++) {
            String comment =
                    shape.equals("json")
                            ? ascii(70)
                            : shape.equals("json-4k") ? ascii(3870) : chinese(70);
            rows[i] =
                    String.format(
                            "{\"l_orderkey\":%d,\"l_partkey\":%d,\"l_suppkey\":%d,"
                                    + "\"l_quantity\":%d.00,\"l_extendedprice\":%d.17,"
                                    + "\"l_returnflag\":\"N\",\"l_linestatus\":\"O\","
                                    + "\"l_shipdate\":\"1996-03-13\",\"l_shipmode\":\"TRUCK\","
                                    + "\"l_comment\":\"%s\"}",
                            random.nextInt(6_000_000),
                            random.nextInt(200_000),
                            random.nextInt(10_000),
                            random.nextInt(50),
                            random.nextInt(100_000),
                            comment);
        }
        return rows;
    }
}
