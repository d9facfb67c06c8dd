package com.starrocks.connector.flink.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What the server says of a table: its columns, as {@code information_schema.columns} has them, and
 * the server's version.
 */
public final class TableSchemaReply {

    private final String version;
    private final List<Column> columns;

    /**
     * Decodes the reply of {@link NativeSession#readTable}: pairs {@code version} and {@code
     * columns}, these u16 count and per column nine texts with a u32 length, 0xFFFFFFFF for NULL.
     */
    TableSchemaReply(byte[] reply) {
        PairsReader pairs = new PairsReader(reply);
        version = pairs.text("version");
        ByteSource in = new ByteSource(pairs.bytes("columns"), "columns of a table");
        int count = in.u16();
        List<Column> read = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            read.add(new Column(in));
        }
        if (in.hasMore()) {
            throw new IllegalArgumentException("columns of a table have bytes behind the last");
        }
        columns = Collections.unmodifiableList(read);
    }

    /** The text of {@code current_version()}; empty if the server gave none. */
    public String version() {
        return version;
    }

    /** The columns in the table's order. */
    public List<Column> columns() {
        return columns;
    }

    /** One column; every text may be null where the server has NULL. */
    public static final class Column {

        private final String name;
        private final String dataType;
        private final String columnType;
        private final String key;
        private final String size;
        private final String decimalDigits;
        private final String extra;
        private final String nullable;
        private final String defaultValue;

        private Column(ByteSource in) {
            name = in.textOrNull();
            dataType = in.textOrNull();
            columnType = in.textOrNull();
            key = in.textOrNull();
            size = in.textOrNull();
            decimalDigits = in.textOrNull();
            extra = in.textOrNull();
            nullable = in.textOrNull();
            defaultValue = in.textOrNull();
        }

        /** COLUMN_NAME, in the server's case. */
        public String name() {
            return name;
        }

        /** DATA_TYPE in lower case, such as {@code bigint}. */
        public String dataType() {
            return dataType;
        }

        /** COLUMN_TYPE, such as {@code decimal(10, 2)}. */
        public String columnType() {
            return columnType;
        }

        /** COLUMN_KEY: {@code PRI}, {@code UNI}, {@code DUP}, {@code AGG} or empty. */
        public String key() {
            return key;
        }

        /** COLUMN_SIZE, digits. */
        public String size() {
            return size;
        }

        /** DECIMAL_DIGITS, digits. */
        public String decimalDigits() {
            return decimalDigits;
        }

        /** EXTRA, such as {@code auto_increment}. */
        public String extra() {
            return extra;
        }

        /** IS_NULLABLE: {@code YES} or {@code NO}. */
        public String nullable() {
            return nullable;
        }

        /** COLUMN_DEFAULT. */
        public String defaultValue() {
            return defaultValue;
        }
    }
}
