package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.BlockLayout;

import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.TimestampType;

import java.util.List;

/**
 * A logical type as {@link RowDataValues} needs it: an int to switch on, and what the getters ask
 * for. Made once per column, so that no {@link LogicalType} is looked at while rows are written.
 */
final class ValueType {

    static final int BOOLEAN = 1;
    static final int TINYINT = 2;
    static final int SMALLINT = 3;
    static final int INT = 4;
    static final int BIGINT = 5;
    static final int FLOAT = 6;
    static final int DOUBLE = 7;
    static final int DECIMAL = 8;
    static final int STRING = 9;
    static final int BINARY = 10;
    static final int DATE = 11;
    static final int TIME = 12;
    static final int TIMESTAMP = 13;
    static final int TIMESTAMP_LTZ = 14;
    static final int ARRAY = 15;
    static final int MAP = 16;
    static final int ROW = 17;

    private static final ValueType[] NONE = {};

    /** One of the constants. */
    final int kind;

    /** Of decimals and timestamps. */
    final int precision;

    /** Of decimals. */
    final int scale;

    /** Element type of an array; key and value type of a map; field types of a row. */
    final ValueType[] parts;

    private ValueType(int kind, int precision, int scale, ValueType[] parts) {
        this.kind = kind;
        this.precision = precision;
        this.scale = scale;
        this.parts = parts;
    }

    /**
     * The type that is one of those {@link LogicalTypes} has found to be ours.
     *
     * @throws IllegalArgumentException if it is nested too deep
     */
    static ValueType of(LogicalType type) {
        return of(type, 0);
    }

    private static ValueType of(LogicalType type, int depth) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return leaf(BOOLEAN, 0);
            case TINYINT:
                return leaf(TINYINT, 0);
            case SMALLINT:
                return leaf(SMALLINT, 0);
            case INTEGER:
                return leaf(INT, 0);
            case BIGINT:
                return leaf(BIGINT, 0);
            case FLOAT:
                return leaf(FLOAT, 0);
            case DOUBLE:
                return leaf(DOUBLE, 0);
            case DECIMAL:
                DecimalType decimal = (DecimalType) type;
                return new ValueType(DECIMAL, decimal.getPrecision(), decimal.getScale(), NONE);
            case CHAR:
            case VARCHAR:
                return leaf(STRING, 0);
            case BINARY:
            case VARBINARY:
                return leaf(BINARY, 0);
            case DATE:
                return leaf(DATE, 0);
            case TIME_WITHOUT_TIME_ZONE:
                return leaf(TIME, 0);
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return leaf(TIMESTAMP, ((TimestampType) type).getPrecision());
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return leaf(TIMESTAMP_LTZ, ((LocalZonedTimestampType) type).getPrecision());
            case ARRAY:
                return nested(ARRAY, type, type.getChildren(), depth);
            case MAP:
                return nested(MAP, type, type.getChildren(), depth);
            case ROW:
                return nested(ROW, type, type.getChildren(), depth);
            default:
                throw new IllegalArgumentException("no values of " + type.asSummaryString());
        }
    }

    private static ValueType leaf(int kind, int precision) {
        return new ValueType(kind, precision, 0, NONE);
    }

    private static ValueType nested(
            int kind, LogicalType type, List<LogicalType> children, int depth) {
        if (depth == BlockLayout.MAX_DEPTH) {
            throw new IllegalArgumentException(
                    "types are nested deeper than "
                            + BlockLayout.MAX_DEPTH
                            + ": "
                            + type.asSummaryString());
        }
        ValueType[] parts = new ValueType[children.size()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = of(children.get(i), depth + 1);
        }
        return new ValueType(kind, 0, 0, parts);
    }
}
