package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.TypeNode;

import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.TimeType;
import org.apache.flink.table.types.logical.TimestampType;

import java.util.ArrayList;
import java.util.List;

/** Flink's logical types as the native half knows them. */
public final class LogicalTypes {

    private LogicalTypes() {}

    /**
     * The type of a column.
     *
     * @param column its name, for the error
     * @throws IllegalArgumentException if the sink has no such type; the message names the column
     *     and the type, and for a nested type the part that can't be written
     */
    public static TypeNode toTypeNode(String column, LogicalType type) {
        try {
            return node(type);
        } catch (UnsupportedTypeException e) {
            String part =
                    e.type == type ? "" : ", in which " + e.type.asSummaryString() + " is nested";
            throw new IllegalArgumentException(
                    "column "
                            + column
                            + " has type "
                            + type.asSummaryString()
                            + part
                            + ": the sink can't write it. Cast it to another type.",
                    e);
        }
    }

    private static TypeNode node(LogicalType type) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return TypeNode.of(TypeNode.Kind.BOOLEAN);
            case TINYINT:
                return TypeNode.of(TypeNode.Kind.TINYINT);
            case SMALLINT:
                return TypeNode.of(TypeNode.Kind.SMALLINT);
            case INTEGER:
                return TypeNode.of(TypeNode.Kind.INT);
            case BIGINT:
                return TypeNode.of(TypeNode.Kind.BIGINT);
            case FLOAT:
                return TypeNode.of(TypeNode.Kind.FLOAT);
            case DOUBLE:
                return TypeNode.of(TypeNode.Kind.DOUBLE);
            case DECIMAL:
                return decimal(type);
            case CHAR:
            case VARCHAR:
                return TypeNode.of(TypeNode.Kind.STRING);
            case BINARY:
            case VARBINARY:
                return TypeNode.of(TypeNode.Kind.BINARY);
            case DATE:
                return TypeNode.of(TypeNode.Kind.DATE);
            case TIME_WITHOUT_TIME_ZONE:
                return TypeNode.time(((TimeType) type).getPrecision());
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return TypeNode.timestamp(((TimestampType) type).getPrecision());
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return TypeNode.timestampLtz(((LocalZonedTimestampType) type).getPrecision());
            case ARRAY:
                return TypeNode.array(node(((ArrayType) type).getElementType()));
            case MAP:
                MapType map = (MapType) type;
                return TypeNode.map(node(map.getKeyType()), node(map.getValueType()));
            case ROW:
                return row((RowType) type);
            default:
                throw new UnsupportedTypeException(type);
        }
    }

    /** A decimal of the type descriptions of old has no precision; see {@code FlinkTable}. */
    private static TypeNode decimal(LogicalType type) {
        if (!(type instanceof DecimalType)) {
            return TypeNode.decimal(DecimalType.MAX_PRECISION, 18);
        }
        DecimalType decimal = (DecimalType) type;
        return TypeNode.decimal(decimal.getPrecision(), decimal.getScale());
    }

    private static TypeNode row(RowType type) {
        List<TypeNode> types = new ArrayList<>(type.getFieldCount());
        for (LogicalType field : type.getChildren()) {
            types.add(node(field));
        }
        return TypeNode.row(type.getFieldNames(), types);
    }

    /** Carries the innermost type that can't be written out to where the column is known. */
    private static final class UnsupportedTypeException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final transient LogicalType type;

        UnsupportedTypeException(LogicalType type) {
            super(type.asSummaryString());
            this.type = type;
        }
    }
}
