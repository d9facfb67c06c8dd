package com.starrocks.connector.flink.connector;

import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The schema that rows have in Flink: columns in order, and the PRIMARY KEY. Immutable. */
public final class FlinkTable {

    private final List<String> names;
    private final List<LogicalType> types;
    private final List<String> primaryKey;

    private FlinkTable(List<String> names, List<LogicalType> types, List<String> primaryKey) {
        this.names = Collections.unmodifiableList(names);
        this.types = Collections.unmodifiableList(types);
        this.primaryKey = Collections.unmodifiableList(new ArrayList<>(primaryKey));
    }

    /**
     * A schema.
     *
     * @param physical the columns that rows carry
     * @param primaryKey names of the PRIMARY KEY's columns, empty if there is none
     */
    public static FlinkTable of(RowType physical, List<String> primaryKey) {
        List<LogicalType> types = new ArrayList<>();
        for (LogicalType type : physical.getChildren()) {
            types.add(withoutLegacy(type));
        }
        return new FlinkTable(new ArrayList<>(physical.getFieldNames()), types, primaryKey);
    }

    /**
     * {@code TableSchema} still takes the type descriptions of old (BIG_DEC), whose decimals have
     * no precision of their own; Flink's documentation gives them DECIMAL(38, 18).
     */
    private static LogicalType withoutLegacy(LogicalType type) {
        return type.getTypeRoot() == LogicalTypeRoot.DECIMAL && !(type instanceof DecimalType)
                ? new DecimalType(type.isNullable(), DecimalType.MAX_PRECISION, 18)
                : type;
    }

    /** The schema with these of its columns alone; the PRIMARY KEY stays. */
    FlinkTable pick(int... positions) {
        List<String> someNames = new ArrayList<>();
        List<LogicalType> someTypes = new ArrayList<>();
        for (int position : positions) {
            someNames.add(names.get(position));
            someTypes.add(types.get(position));
        }
        return new FlinkTable(someNames, someTypes, primaryKey);
    }

    /** Names of the columns. */
    public List<String> names() {
        return names;
    }

    /** Types of the columns. */
    public List<LogicalType> types() {
        return types;
    }

    /** Names of the PRIMARY KEY's columns; empty if there is none. */
    public List<String> primaryKey() {
        return primaryKey;
    }

    /** Whether there is a PRIMARY KEY. */
    public boolean hasPrimaryKey() {
        return !primaryKey.isEmpty();
    }
}
