package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;

import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.LogicalType;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes rows of Flink's SQL through their getters, so that every class of row works. The row's
 * kind is not looked at: it becomes the op of the frame, which the caller gives.
 */
public final class RowDataEncoder implements RowEncoder<RowData> {

    private final List<String> columns;
    private final ValueWriter[] writers;

    /**
     * An encoder of rows with these columns.
     *
     * @throws IllegalArgumentException if a column's type can't be written; the message names it
     */
    public RowDataEncoder(List<String> columns, List<? extends LogicalType> types) {
        if (columns.size() != types.size()) {
            throw new IllegalArgumentException(
                    columns.size() + " columns with " + types.size() + " types");
        }
        this.columns = new ArrayList<>(columns);
        this.writers = new ValueWriter[types.size()];
        for (int i = 0; i < writers.length; i++) {
            LogicalTypes.toTypeNode(columns.get(i), types.get(i));
            writers[i] = ValueWriter.of(types.get(i));
        }
    }

    @Override
    public byte encoding() {
        return BlockLayout.SLOTS;
    }

    @Override
    public void encode(RowData row, RowBlock block) {
        ValueWriter[] all = writers;
        if (row.getArity() < all.length) {
            throw new IllegalArgumentException(
                    "a row has " + row.getArity() + " fields for the columns " + columns);
        }
        int i = 0;
        try {
            for (; i < all.length; i++) {
                all[i].write(row, i, block);
            }
        } catch (ClassCastException e) {
            throw new IllegalArgumentException(
                    "column "
                            + columns.get(i)
                            + " holds a value of a class that Flink doesn't use for the column's"
                            + " type: "
                            + e.getMessage(),
                    e);
        }
    }
}
