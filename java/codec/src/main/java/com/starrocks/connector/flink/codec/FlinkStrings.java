package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.RowBlock;

import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinarySection;
import org.apache.flink.table.data.binary.BinaryStringData;

/** Flink's strings into a block, without a copy in between wherever they are bytes already. */
final class FlinkStrings {

    private FlinkStrings() {}

    static void put(StringData value, RowBlock block, BlockSegment segment) {
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
        segment.append(section.getSegments(), section.getOffset(), size, block);
    }
}
