package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.RowBlock;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;

import java.nio.ByteBuffer;

/**
 * The memory of a row block as Flink's {@link MemorySegment}: a copy from segment to segment is one
 * checked copy of memory, where one through a {@link ByteBuffer} costs several times as much.
 *
 * <p>The methods called here have had the same descriptors since Flink 1.11. Used by one thread at
 * a time.
 */
final class BlockSegment {

    private ByteBuffer wrapped;
    private MemorySegment memory;

    /** The block's memory, wrapped anew when the block has another buffer than the last time. */
    MemorySegment of(RowBlock block) {
        ByteBuffer buffer = block.buffer();
        if (buffer != wrapped) {
            memory = MemorySegmentFactory.wrapOffHeapMemory(buffer);
            wrapped = buffer;
        }
        return memory;
    }

    /**
     * Appends bytes that may begin and end in any of Flink's segments.
     *
     * @param from where they begin, counted from the start of the first segment
     */
    void append(MemorySegment[] segments, int from, int size, RowBlock block) {
        int at = block.reserve(size);
        MemorySegment target = of(block);
        MemorySegment first = segments[0];
        if (segments.length == 1 || size <= first.size() - from) {
            first.copyTo(from, target, at, size);
        } else {
            appendPieces(segments, from, size, target, at);
        }
    }

    private static void appendPieces(
            MemorySegment[] segments, int from, int size, MemorySegment target, int start) {
        int offset = from;
        int at = start;
        int end = start + size;
        for (MemorySegment segment : segments) {
            int left = segment.size() - offset;
            if (left > 0) {
                int piece = Math.min(left, end - at);
                segment.copyTo(offset, target, at, piece);
                at += piece;
                offset = 0;
            } else {
                offset -= segment.size();
            }
        }
        if (at != end) {
            throw new IllegalStateException(
                    "a value of "
                            + size
                            + " bytes ends "
                            + (end - at)
                            + " bytes behind its memory segments");
        }
    }
}
