package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.codec.LogicalTypes;
import com.starrocks.connector.flink.codec.SlotEncoder;
import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.TableConfig;
import com.starrocks.connector.flink.core.TypeNode;
import com.starrocks.connector.flink.row.sink.StarRocksSinkOP;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;

import org.apache.flink.metrics.Counter;
import org.apache.flink.table.types.logical.LogicalType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows of a class of the user's, which their code puts into slots. */
final class SlotRows<T> implements RowFormat<T> {

    private static final long serialVersionUID = 1L;

    private final TargetTable table;
    private final TableConfig.Format format;
    private final StarRocksSinkRowBuilder<T> builder;
    private final boolean ignoreDelete;

    SlotRows(OptionValues options, TargetTable table, StarRocksSinkRowBuilder<T> builder) {
        this.table = table;
        this.format = options.isJson() ? TableConfig.Format.JSON : TableConfig.Format.CSV;
        this.builder = builder;
        this.ignoreDelete = options.get(SinkOptions.IGNORE_DELETE);
    }

    @Override
    public RowWriter<T> open(NativeSession session, Counter ignoredDeletes) {
        return new Writer<>(this, session, ignoredDeletes);
    }

    private static final class Writer<T> implements RowWriter<T> {

        private final SlotRows<T> rows;
        private final NativeSession session;
        private final Counter ignoredDeletes;
        private final SlotEncoder encoder;
        private final Object[] slots;
        private final int opSlot;
        private final int id;

        Writer(SlotRows<T> rows, NativeSession session, Counter ignoredDeletes) {
            this.rows = rows;
            this.session = session;
            this.ignoredDeletes = ignoredDeletes;
            String[] names = rows.table.names();
            LogicalType[] types = rows.table.types();
            List<TypeNode> nodes = new ArrayList<>();
            for (int i = 0; i < names.length; i++) {
                nodes.add(LogicalTypes.toTypeNode(names[i], types[i]));
            }
            this.encoder = new SlotEncoder(Arrays.asList(names), nodes);
            this.opSlot = rows.table.upserts() ? names.length : -1;
            this.slots = new Object[names.length + (rows.table.upserts() ? 1 : 0)];
            this.id = session.addTable(rows.table.toConfig(rows.format));
        }

        @Override
        public void write(T row) throws InterruptedException {
            Arrays.fill(slots, null);
            rows.builder.accept(slots, row);
            byte op = opSlot < 0 ? BlockLayout.UPSERT : op(slots[opSlot]);
            if (op == BlockLayout.DELETE && rows.ignoreDelete) {
                ignoredDeletes.inc();
            } else {
                session.write(id, op, slots, encoder);
            }
        }

        private byte op(Object slot) {
            if (slot instanceof Number) {
                long ordinal = ((Number) slot).longValue();
                if (ordinal == StarRocksSinkOP.UPSERT.ordinal()) {
                    return BlockLayout.UPSERT;
                }
                if (ordinal == StarRocksSinkOP.DELETE.ordinal()) {
                    return BlockLayout.DELETE;
                }
            } else if (slot instanceof StarRocksSinkOP) {
                return slot == StarRocksSinkOP.DELETE ? BlockLayout.DELETE : BlockLayout.UPSERT;
            }
            throw new IllegalArgumentException(
                    "the last slot, slot "
                            + opSlot
                            + ", holds "
                            + (slot == null ? "nothing" : "a " + slot.getClass().getName())
                            + "; for a PRIMARY KEY table the row builder must put"
                            + " StarRocksSinkOP.UPSERT.ordinal() or"
                            + " StarRocksSinkOP.DELETE.ordinal() there");
        }
    }
}
