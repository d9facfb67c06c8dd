package com.starrocks.connector.flink.flink111;

import com.starrocks.connector.flink.connector.FlinkTable;

import org.apache.flink.table.api.TableSchema;
import org.apache.flink.table.api.constraints.UniqueConstraint;
import org.apache.flink.table.types.logical.RowType;

import java.util.Collections;
import java.util.List;

/** Reads {@link TableSchema}, which is in Flink 1.x alone. */
public final class TableSchemas {

    private TableSchemas() {}

    /** The columns that rows carry, and the PRIMARY KEY. */
    public static FlinkTable read(TableSchema schema) {
        List<String> primaryKey =
                schema.getPrimaryKey()
                        .map(UniqueConstraint::getColumns)
                        .orElse(Collections.<String>emptyList());
        return FlinkTable.of((RowType) schema.toPhysicalRowDataType().getLogicalType(), primaryKey);
    }
}
