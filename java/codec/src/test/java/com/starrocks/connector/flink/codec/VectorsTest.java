package com.starrocks.connector.flink.codec;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.Hex;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.TypeNode;

import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.utils.LogicalTypeParser;
import org.apache.flink.types.Row;
import org.junit.Test;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The golden rows of {@code tests/vectors}, which the Rust tests read too: the same values must
 * become the same block on this side.
 */
public class VectorsTest {

    private static List<JsonObject> vectors() throws Exception {
        List<JsonObject> vectors = new ArrayList<>();
        String folder = System.getProperty("starrocks.test.vectors");
        for (String line : Files.readAllLines(Paths.get(folder, "rows.jsonl"))) {
            vectors.add(JsonParser.parseString(line).getAsJsonObject());
        }
        assertTrue("where are the vectors?", vectors.size() > 50);
        return vectors;
    }

    private static RowBlock begin(JsonObject vector) {
        boolean delete = vector.has("op") && vector.get("op").getAsString().equals("delete");
        RowBlock block = new RowBlock(1 << 16);
        block.beginFrame(0, delete ? BlockLayout.DELETE : BlockLayout.UPSERT);
        return block;
    }

    @Test
    public void blocksOfTaggedValues() throws Exception {
        for (JsonObject vector : vectors()) {
            RowBlock block = begin(vector);
            for (JsonElement value : vector.getAsJsonArray("values")) {
                put(value.getAsJsonArray(), block);
            }
            block.endFrame(BlockLayout.SLOTS);
            assertEquals(
                    vector.get("name").getAsString(),
                    vector.get("block").getAsString(),
                    Hex.of(block));
        }
    }

    private static void put(JsonArray value, RowBlock block) {
        String tag = value.get(0).getAsString();
        switch (tag) {
            case "NULL":
                block.putNull();
                break;
            case "BOOLEAN":
                block.putBoolean(value.get(1).getAsBoolean());
                break;
            case "I8":
                block.putByte(value.get(1).getAsByte());
                break;
            case "I16":
                block.putShort(value.get(1).getAsShort());
                break;
            case "I32":
                block.putInt(value.get(1).getAsInt());
                break;
            case "I64":
                block.putLong(value.get(1).getAsLong());
                break;
            case "F32":
                block.putFloat(Float.parseFloat(value.get(1).getAsString()));
                break;
            case "F64":
                block.putDouble(Double.parseDouble(value.get(1).getAsString()));
                break;
            case "DECIMAL64":
                BigDecimal small = value.get(1).getAsBigDecimal();
                block.putDecimal(small.scale(), small.unscaledValue().longValueExact());
                break;
            case "DECIMAL":
                BigDecimal large = value.get(1).getAsBigDecimal();
                block.putDecimal(large.scale(), large.unscaledValue().toByteArray());
                break;
            case "BIGINT":
                block.putBigInteger(value.get(1).getAsBigInteger().toByteArray());
                break;
            case "STRING":
                block.putString(value.get(1).getAsString());
                break;
            case "BYTES":
                block.putBytes(Hex.parse(value.get(1).getAsString()));
                break;
            case "DATE":
                block.putDate(value.get(1).getAsInt());
                break;
            case "TIME":
                block.putTime(value.get(1).getAsLong());
                break;
            case "TIMESTAMP":
                block.putTimestamp(value.get(1).getAsLong(), value.get(2).getAsInt());
                break;
            case "TIMESTAMP_LTZ":
                block.putTimestampLtz(value.get(1).getAsLong(), value.get(2).getAsInt());
                break;
            case "ARRAY":
                block.putArrayHeader(value.size() - 1);
                putAll(value, block);
                break;
            case "MAP":
                block.putMapHeader((value.size() - 1) / 2);
                putAll(value, block);
                break;
            case "ROW":
                block.putRowHeader(value.size() - 1);
                putAll(value, block);
                break;
            default:
                throw new AssertionError("unknown tag " + tag);
        }
    }

    private static void putAll(JsonArray container, RowBlock block) {
        for (int i = 1; i < container.size(); i++) {
            put(container.get(i).getAsJsonArray(), block);
        }
    }

    @Test
    public void blocksOfSlots() throws Exception {
        int compared = 0;
        for (JsonObject vector : vectors()) {
            JsonArray values = vector.getAsJsonArray("values");
            if (!isWhatSlotsBecome(values)) {
                continue;
            }
            List<String> names = new ArrayList<>();
            List<TypeNode> types = new ArrayList<>();
            Object[] slots = new Object[values.size()];
            for (int i = 0; i < slots.length; i++) {
                names.add("c" + i);
                types.add(TypeNode.of(TypeNode.Kind.STRING));
                slots[i] = java(values.get(i).getAsJsonArray());
            }
            RowBlock block = begin(vector);
            block.endFrame(new SlotEncoder(names, types).encode(slots, block));
            assertEquals(
                    vector.get("name").getAsString(),
                    vector.get("block").getAsString(),
                    Hex.of(block));
            compared++;
        }
        assertTrue(compared + " rows compared", compared > 45);
    }

    /**
     * Flink's getters read the rows that Rust's tests wrote, and what they give is the same row.
     */
    @Test
    public void blocksOfBinaryRows() throws Exception {
        int compared = 0;
        for (JsonObject vector : vectors()) {
            if (!vector.has("binary")) {
                continue;
            }
            String name = vector.get("name").getAsString();
            List<String> names = new ArrayList<>();
            List<LogicalType> types = new ArrayList<>();
            for (JsonElement column : vector.getAsJsonArray("columns")) {
                names.add(column.getAsJsonArray().get(0).getAsString());
                String type = column.getAsJsonArray().get(1).getAsString();
                types.add(LogicalTypeParser.parse(type, VectorsTest.class.getClassLoader()));
            }
            byte[] frame = Hex.parse(vector.get("binary").getAsString());
            BinaryRowData row = new BinaryRowData(types.size());
            row.pointTo(
                    MemorySegmentFactory.wrap(frame),
                    BlockLayout.FRAME_HEADER,
                    frame.length - BlockLayout.FRAME_HEADER);

            RowBlock whole = begin(vector);
            whole.endFrame(new RowDataEncoder(names, types).encode(row, whole));
            assertEquals(name, vector.get("binary").getAsString(), Hex.of(whole));
            RowBlock read = begin(vector);
            read.endFrame(new RowDataEncoder(names, types, false).encode(row, read));
            assertEquals(name, vector.get("block").getAsString(), Hex.of(read));
            compared++;
        }
        assertTrue(compared + " rows compared", compared > 30);
    }

    /** Java's classes don't tell a narrow integer or decimal from a wide one of the same value. */
    private static boolean isWhatSlotsBecome(JsonArray values) {
        for (JsonElement element : values) {
            JsonArray value = element.getAsJsonArray();
            String tag = value.get(0).getAsString();
            boolean narrow =
                    (tag.equals("BIGINT") && value.get(1).getAsBigInteger().bitLength() < 64)
                            || (tag.equals("DECIMAL")
                                    && value.get(1).getAsBigDecimal().precision() <= 18);
            if (narrow) {
                return false;
            }
        }
        return true;
    }

    private static Object java(JsonArray value) {
        String tag = value.get(0).getAsString();
        switch (tag) {
            case "NULL":
                return null;
            case "BOOLEAN":
                return value.get(1).getAsBoolean();
            case "I8":
                return value.get(1).getAsByte();
            case "I16":
                return value.get(1).getAsShort();
            case "I32":
                return value.get(1).getAsInt();
            case "I64":
                return value.get(1).getAsLong();
            case "F32":
                return Float.parseFloat(value.get(1).getAsString());
            case "F64":
                return Double.parseDouble(value.get(1).getAsString());
            case "DECIMAL64":
            case "DECIMAL":
                return new BigDecimal(value.get(1).getAsString());
            case "BIGINT":
                return new BigInteger(value.get(1).getAsString());
            case "STRING":
                return value.get(1).getAsString();
            case "BYTES":
                return Hex.parse(value.get(1).getAsString());
            case "DATE":
                return LocalDate.ofEpochDay(value.get(1).getAsLong());
            case "TIME":
                return LocalTime.ofNanoOfDay(value.get(1).getAsLong());
            case "TIMESTAMP":
                return LocalDateTime.ofInstant(instant(value), ZoneOffset.UTC);
            case "TIMESTAMP_LTZ":
                return instant(value);
            case "ARRAY":
                return parts(value);
            case "MAP":
                List<Object> parts = parts(value);
                Map<Object, Object> map = new LinkedHashMap<>();
                for (int i = 0; i < parts.size(); i += 2) {
                    map.put(parts.get(i), parts.get(i + 1));
                }
                return map;
            case "ROW":
                return Row.of(parts(value).toArray());
            default:
                throw new AssertionError("unknown tag " + tag);
        }
    }

    private static Instant instant(JsonArray value) {
        return Instant.ofEpochMilli(value.get(1).getAsLong()).plusNanos(value.get(2).getAsLong());
    }

    private static List<Object> parts(JsonArray container) {
        List<Object> parts = new ArrayList<>();
        for (int i = 1; i < container.size(); i++) {
            parts.add(java(container.get(i).getAsJsonArray()));
        }
        return parts;
    }
}
