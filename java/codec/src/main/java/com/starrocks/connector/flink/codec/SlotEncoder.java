package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.RowEncoder;
import com.starrocks.connector.flink.core.TypeNode;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes the slots that a user's code has filled: one Java object per column, in the columns'
 * order. The array may be longer than the columns, for an op behind them.
 *
 * <p>What a value becomes is decided by its Java class; see {@link SlotValues} for the list.
 */
public final class SlotEncoder implements RowEncoder<Object[]> {

    private final List<String> columns;
    private final TypeNode[] types;
    private final SlotValues values = new SlotValues();

    /** An encoder of slots for columns of these types. */
    public SlotEncoder(List<String> columns, List<TypeNode> types) {
        if (columns.size() != types.size()) {
            throw new IllegalArgumentException(
                    columns.size() + " columns with " + types.size() + " types");
        }
        this.columns = new ArrayList<>(columns);
        this.types = types.toArray(new TypeNode[0]);
    }

    @Override
    public byte encode(Object[] slots, RowBlock block) {
        if (slots.length < types.length) {
            throw new IllegalArgumentException(
                    "a row has " + slots.length + " slots for the columns " + columns);
        }
        for (int i = 0; i < types.length; i++) {
            try {
                values.put(slots[i], types[i], block);
            } catch (SlotValues.RefusedException e) {
                throw new IllegalArgumentException(
                        "column " + columns.get(i) + ", slot " + i + ": " + e.getMessage(), e);
            }
        }
        return BlockLayout.SLOTS;
    }
}
