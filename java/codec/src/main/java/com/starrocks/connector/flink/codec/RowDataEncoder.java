package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;

import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.types.logical.LogicalType;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes rows of Flink's SQL: a {@link BinaryRowData} as the bytes that it is, a row of any other
 * class through its getters. The row's kind is not looked at: it becomes the op of the frame, which
 * the caller gives.
 */
public final class RowDataEncoder implements RowEncoder<RowData> {

    private final List<String> columns;
    private final ValueType[] types;

    /** Where the columns are in a row; null if they are all that it has, in order. */
    private final int[] fields;

    private final BlockSegment segment = new BlockSegment();
    private final RowDataValues values = new RowDataValues(segment);
    private final boolean wholeRows;

    /**
     * An encoder of rows with these columns.
     *
     * @throws IllegalArgumentException if a column's type can't be written; the message names it
     */
    public RowDataEncoder(List<String> columns, List<? extends LogicalType> types) {
        this(columns, types, null);
    }

    /**
     * An encoder of some columns of rows that have more.
     *
     * @param fields where in a row each of the columns is; null if rows have no others
     * @throws IllegalArgumentException as above
     */
    public RowDataEncoder(List<String> columns, List<? extends LogicalType> types, int[] fields) {
        this(columns, types, fields, BinaryRows.ARE_KNOWN);
    }

    /**
     * An encoder for tests.
     *
     * @param wholeRows whether a {@link BinaryRowData} is written as the bytes that it is
     */
    RowDataEncoder(List<String> columns, List<? extends LogicalType> types, boolean wholeRows) {
        this(columns, types, null, wholeRows);
    }

    private RowDataEncoder(
            List<String> columns,
            List<? extends LogicalType> types,
            int[] fields,
            boolean wholeRows) {
        if (columns.size() != types.size()) {
            throw new IllegalArgumentException(
                    columns.size() + " columns with " + types.size() + " types");
        }
        this.fields = fields == null ? null : fields.clone();
        this.wholeRows = wholeRows && fields == null;
        this.columns = new ArrayList<>(columns);
        this.types = new ValueType[types.size()];
        for (int i = 0; i < this.types.length; i++) {
            LogicalTypes.toTypeNode(columns.get(i), types.get(i));
            this.types[i] = ValueType.of(types.get(i));
        }
    }

    @Override
    public byte encode(RowData row, RowBlock block) {
        // A subclass could override getters; a row with more fields than columns has another
        // layout.
        if (row.getClass() == BinaryRowData.class && wholeRows && row.getArity() == types.length) {
            BinaryRowData binary = (BinaryRowData) row;
            segment.append(
                    binary.getSegments(), binary.getOffset(), binary.getSizeInBytes(), block);
            return BlockLayout.BINARY;
        }
        encodeFields(row, block);
        return BlockLayout.SLOTS;
    }

    private void encodeFields(RowData row, RowBlock block) {
        ValueType[] all = types;
        int[] at = fields;
        int last = at == null ? all.length - 1 : at[at.length - 1];
        if (row.getArity() <= last) {
            throw new IllegalArgumentException(
                    "a row has " + row.getArity() + " fields for the columns " + columns);
        }
        int i = 0;
        try {
            if (row.getClass() == GenericRowData.class) {
                GenericRowData generic = (GenericRowData) row;
                for (; i < all.length; i++) {
                    values.put(generic.getField(at == null ? i : at[i]), all[i], block);
                }
            } else {
                for (; i < all.length; i++) {
                    values.putField(row, at == null ? i : at[i], all[i], block);
                }
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
