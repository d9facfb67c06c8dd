package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.Hex;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.binary.BinaryRowData;

/** Payloads that encoders write, as hex, and rows of Flink's for them. */
final class Blocks {

    private static final int CAPACITY = 1 << 20;

    private Blocks() {}

    /** The payload of one row. */
    static <T> String payload(RowEncoder<? super T> encoder, T row) {
        RowBlock block = new RowBlock(CAPACITY);
        encoder.encode(row, block);
        return Hex.of(block);
    }

    /** The bytes of a row that lies in one segment. */
    static byte[] bytes(BinaryRowData row) {
        byte[] bytes = new byte[row.getSizeInBytes()];
        row.getSegments()[0].get(row.getOffset(), bytes);
        return bytes;
    }

    /** The same row in segments of a size, the first of which begins with a gap. */
    static BinaryRowData spread(BinaryRowData row, int gap, int size) {
        byte[] bytes = bytes(row);
        BinaryRowData spread = new BinaryRowData(row.getArity());
        spread.pointTo(segments(bytes, gap, size), gap, bytes.length);
        return spread;
    }

    /** Segments of a size that hold the bytes, the first of them behind a gap. */
    static MemorySegment[] segments(byte[] bytes, int gap, int size) {
        MemorySegment[] segments = new MemorySegment[(bytes.length + gap + size - 1) / size];
        for (int i = 0; i < segments.length; i++) {
            segments[i] = MemorySegmentFactory.allocateUnpooledSegment(size);
        }
        for (int i = 0; i < bytes.length; i++) {
            segments[(i + gap) / size].put((i + gap) % size, bytes[i]);
        }
        return segments;
    }
}
