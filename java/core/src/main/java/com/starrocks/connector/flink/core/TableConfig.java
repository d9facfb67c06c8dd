package com.starrocks.connector.flink.core;

import java.util.Objects;

/**
 * A table that rows go to: its name, the format of its loads, and its columns in the order in which
 * encoders write them.
 *
 * <p>Encoded as pairs: {@code database}, {@code table}, {@code format}, {@code raw}, {@code op},
 * and, unless raw, {@code columns}: u16 count, then each column's name, type and the server's type
 * of it.
 */
public final class TableConfig {

    /** Format of the loads. */
    public enum Format {
        /** Separated text. */
        CSV,
        /** JSON objects. */
        JSON
    }

    private final byte[] bytes;

    private TableConfig(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * A table whose rows are text already.
     *
     * @param format what the text is
     */
    public static TableConfig raw(String database, String table, Format format) {
        return new TableConfig(head(database, table, format, true, false).toByteArray());
    }

    /** A table whose rows are columns. */
    public static Builder columns(String database, String table, Format format) {
        return new Builder(head(database, table, format, false, false));
    }

    private static PairsWriter head(
            String database, String table, Format format, boolean raw, boolean op) {
        return new PairsWriter()
                .put("database", Objects.requireNonNull(database, "database"))
                .put("table", Objects.requireNonNull(table, "table"))
                .put("format", format == Format.CSV ? "csv" : "json")
                .put("raw", raw)
                .put("op", op);
    }

    byte[] toByteArray() {
        return bytes.clone();
    }

    /** Collects the columns of a table. */
    public static final class Builder {

        private final PairsWriter pairs;
        private final ByteSink columns = new ByteSink();
        private int count;

        private Builder(PairsWriter pairs) {
            this.pairs = pairs;
        }

        /** Appends the op to each row, as a PRIMARY KEY table's {@code __op} column. */
        public Builder withOp(boolean op) {
            pairs.put("op", op);
            return this;
        }

        /**
         * Adds the next column.
         *
         * @param name as the server spells it
         * @param serverType the server's DATA_TYPE in lower case, or empty if unknown
         */
        public Builder column(String name, TypeNode type, String serverType) {
            columns.name(name);
            type.encode(columns);
            columns.name(serverType);
            count++;
            return this;
        }

        /** The table. */
        public TableConfig build() {
            if (count == 0 || count > 0xFFFF) {
                throw new IllegalArgumentException("a table of " + count + " columns");
            }
            ByteSink all = new ByteSink();
            all.u16(count);
            all.bytes(columns.toByteArray());
            return new TableConfig(pairs.put("columns", all.toByteArray()).toByteArray());
        }
    }
}
