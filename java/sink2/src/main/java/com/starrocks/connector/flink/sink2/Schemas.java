package com.starrocks.connector.flink.sink2;

import com.starrocks.connector.flink.connector.FlinkTable;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.AbstractDataType;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Reads {@link Schema}, which every Flink since 1.13 has. */
public final class Schemas {

    private Schemas() {}

    /**
     * The columns that rows carry, and the PRIMARY KEY.
     *
     * @throws ValidationException if a column isn't of a type of its own, as a computed one
     */
    public static FlinkTable read(Schema schema) {
        List<DataTypes.Field> fields = new ArrayList<>();
        for (Schema.UnresolvedColumn column : schema.getColumns()) {
            if (!(column instanceof Schema.UnresolvedPhysicalColumn)) {
                throw refused(
                        column, "is computed or metadata, which no row carries; leave it out");
            }
            AbstractDataType<?> type = ((Schema.UnresolvedPhysicalColumn) column).getDataType();
            if (!(type instanceof DataType)) {
                throw refused(
                        column,
                        "has a type that only a table environment could resolve, "
                                + type
                                + "; take one from DataTypes");
            }
            fields.add(DataTypes.FIELD(column.getName(), (DataType) type));
        }
        List<String> primaryKey =
                schema.getPrimaryKey()
                        .map(Schema.UnresolvedPrimaryKey::getColumnNames)
                        .orElse(Collections.<String>emptyList());
        DataType row = DataTypes.ROW(fields.toArray(new DataTypes.Field[0]));
        return FlinkTable.of((RowType) row.getLogicalType(), primaryKey);
    }

    private static ValidationException refused(Schema.UnresolvedColumn column, String why) {
        return new ValidationException(
                "Column '" + column.getName() + "' of the sink's schema " + why + ".");
    }
}
