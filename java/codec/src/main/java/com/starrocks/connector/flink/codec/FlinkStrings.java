package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.RowBlock;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinarySection;
import org.apache.flink.table.data.binary.BinaryStringData;

/** Flink's strings into a block, without a copy in between wherever they are bytes already. */
final class FlinkStrings {

    private FlinkStrings() {}

    static void put(StringData value, RowBlock block) {
        if (!(value instanceof BinaryStringData)) {
            block.putString(value.toBytes());
            return;
        }
        BinaryStringData string = (BinaryStringData) value;
        BinarySection section = string.getBinarySection();
        if (section == null) {
            // Made from a Java string and never turned into bytes.
            block.putString(string.getJavaObject());
            return;
        }
        int size = section.getSizeInBytes();
        block.putStringHeader(size);
        MemorySegment[] segments = section.getSegments();
        int offset = section.getOffset();
        if (segments.length == 1) {
            segments[0].get(offset, block.window(size), size);
        } else {
            putPieces(segments, offset, size, block);
        }
    }

    /** A string may begin and end in any of the segments. */
    private static void putPieces(MemorySegment[] segments, int from, int size, RowBlock block) {
        int offset = from;
        int left = size;
        for (MemorySegment segment : segments) {
            if (offset >= segment.size()) {
                offset -= segment.size();
                continue;
            }
            int piece = Math.min(left, segment.size() - offset);
            segment.get(offset, block.window(piece), piece);
            left -= piece;
            offset = 0;
            if (left == 0) {
                return;
            }
        }
        if (left != 0) {
            throw new IllegalStateException("a string ends " + left + " bytes behind its segments");
        }
    }
}
