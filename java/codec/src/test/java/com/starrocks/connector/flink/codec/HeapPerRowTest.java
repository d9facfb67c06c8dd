package com.starrocks.connector.flink.codec;

import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;
import com.starrocks.connector.flink.core.TypeNode;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.apache.flink.table.data.utils.JoinedRowData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.LogicalType;
import org.junit.Test;

import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Encoding a row takes no heap, for every kind of rows. Decimals whose digits don't fit a long are
 * left out: these can be had as a new array only.
 */
public class HeapPerRowTest {

    /** Bytes per row; what is allowed covers the odd object that isn't the encoder's. */
    private static final double ALLOWED = 1.0;

    private static final int ROWS = 100_000;

    /** Until then the compiler must be through; the first round within the bound is enough. */
    private static final long WARM_UP_NANOS = 60_000_000_000L;

    private static final LogicalType[] TYPES = {
        DataTypes.BOOLEAN().getLogicalType(),
        DataTypes.TINYINT().getLogicalType(),
        DataTypes.SMALLINT().getLogicalType(),
        DataTypes.INT().getLogicalType(),
        DataTypes.BIGINT().getLogicalType(),
        DataTypes.FLOAT().getLogicalType(),
        DataTypes.DOUBLE().getLogicalType(),
        DataTypes.DECIMAL(15, 2).getLogicalType(),
        DataTypes.STRING().getLogicalType(),
        DataTypes.STRING().getLogicalType(),
        DataTypes.BYTES().getLogicalType(),
        DataTypes.DATE().getLogicalType(),
        DataTypes.TIME(3).getLogicalType(),
        DataTypes.TIMESTAMP(6).getLogicalType(),
        DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(3).getLogicalType(),
        DataTypes.INT().getLogicalType(),
    };

    private static GenericRowData row(boolean stringsAreBytes) {
        BinaryStringData ascii = BinaryStringData.fromString("carefully final deposits");
        BinaryStringData other = BinaryStringData.fromString("\u4e2d\u6587 \ud83d\ude00 caf\u00e9");
        if (stringsAreBytes) {
            ascii.ensureMaterialized();
            other.ensureMaterialized();
        }
        return GenericRowData.of(
                true,
                (byte) 1,
                (short) 1000,
                100_000,
                10_000_000_000L,
                1.5f,
                2.5,
                DecimalData.fromBigDecimal(new BigDecimal("1234567.89"), 15, 2),
                ascii,
                other,
                new byte[] {1, 2, 3},
                19_000,
                45_296_789,
                TimestampData.fromEpochMillis(1_718_000_000_000L, 123_456),
                TimestampData.fromEpochMillis(1_718_000_000_000L),
                null);
    }

    private static RowDataEncoder encoder() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < TYPES.length; i++) {
            names.add("c" + i);
        }
        return new RowDataEncoder(names, Arrays.asList(TYPES));
    }

    private static <T> void assertTakesNoHeap(RowEncoder<T> encoder, T row) {
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        RowBlock block = new RowBlock(64 * 1024);
        double perRow = Double.MAX_VALUE;
        long begin = System.nanoTime();
        while (perRow > ALLOWED && System.nanoTime() - begin < WARM_UP_NANOS) {
            long before = threads.getThreadAllocatedBytes(self);
            for (int i = 0; i < ROWS; i++) {
                if (block.length() > block.capacity() / 2) {
                    block.clear();
                }
                block.beginFrame(0, BlockLayout.UPSERT);
                block.endFrame(encoder.encode(row, block));
            }
            perRow = (double) (threads.getThreadAllocatedBytes(self) - before) / ROWS;
        }
        assertTrue(perRow + " bytes of heap per row", perRow <= ALLOWED);
    }

    @Test
    public void binaryRows() {
        RowData row = new RowDataSerializer(TYPES).toBinaryRow(row(true)).copy();
        assertTakesNoHeap(encoder(), row);
    }

    @Test
    public void binaryRowsAcrossSegments() {
        BinaryRowData row = new RowDataSerializer(TYPES).toBinaryRow(row(true)).copy();
        BinaryRowData spread = Blocks.spread(row, 8, 96);
        assertTrue(spread.getSegments().length > 1);
        assertTakesNoHeap(encoder(), spread);
    }

    @Test
    public void genericRows() {
        assertTakesNoHeap(encoder(), row(true));
    }

    @Test
    public void genericRowsOfJavaStrings() {
        assertTakesNoHeap(encoder(), row(false));
    }

    @Test
    public void wrapperRows() {
        GenericRowData whole = row(false);
        GenericRowData left = new GenericRowData(6);
        GenericRowData right = new GenericRowData(TYPES.length - 6);
        for (int i = 0; i < TYPES.length; i++) {
            (i < 6 ? left : right).setField(i < 6 ? i : i - 6, whole.getField(i));
        }
        assertTakesNoHeap(encoder(), new JoinedRowData(left, right));
    }

    @Test
    public void slots() {
        Object[] slots = {
            true,
            (byte) 1,
            (short) 1000,
            100_000,
            10_000_000_000L,
            1.5f,
            2.5,
            new BigDecimal("1234567.89"),
            "carefully final deposits",
            "\u4e2d\u6587 \ud83d\ude00 caf\u00e9",
            new byte[] {1, 2, 3},
            LocalDate.of(2024, 6, 12),
            LocalTime.of(12, 34, 56),
            LocalDateTime.of(2024, 6, 12, 12, 34, 56, 789_000),
            Instant.ofEpochSecond(1_718_000_000L, 5000),
            null
        };
        List<String> names = new ArrayList<>();
        List<TypeNode> types = new ArrayList<>();
        for (int i = 0; i < slots.length; i++) {
            names.add("c" + i);
            types.add(TypeNode.of(TypeNode.Kind.STRING));
        }
        assertTakesNoHeap(new SlotEncoder(names, types), slots);
    }

    @Test
    public void text() {
        StringBuilder large = new StringBuilder();
        while (large.length() < 10_000) {
            large.append("{\"key\": \"value \u4e2d\u6587\"}");
        }
        assertTakesNoHeap(new RawEncoder(), "{\"key\": \"value\", \"other\": [1, 2, 3]}");
        assertTakesNoHeap(new RawEncoder(), large.toString());
    }
}
