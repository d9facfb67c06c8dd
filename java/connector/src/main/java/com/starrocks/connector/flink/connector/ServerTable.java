package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.TableSchemaReply;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** A table as StarRocks describes it in {@code information_schema.columns}. Immutable. */
final class ServerTable {

    private final String version;
    private final List<Column> columns;

    ServerTable(String version, List<Column> columns) {
        this.version = version;
        this.columns = Collections.unmodifiableList(new ArrayList<>(columns));
    }

    static ServerTable of(TableSchemaReply reply) {
        List<Column> columns = new ArrayList<>();
        for (TableSchemaReply.Column column : reply.columns()) {
            columns.add(
                    new Column(
                            column.name(),
                            column.dataType(),
                            column.columnType(),
                            column.size(),
                            column.key(),
                            column.extra()));
        }
        return new ServerTable(reply.version(), columns);
    }

    /** The server's version, empty if it didn't say. */
    String version() {
        return version;
    }

    List<Column> columns() {
        return columns;
    }

    /** The column of this name in any case, or null. */
    Column find(String name) {
        for (Column column : columns) {
            if (column.name().equalsIgnoreCase(name)) {
                return column;
            }
        }
        return null;
    }

    List<String> names() {
        List<String> names = new ArrayList<>();
        for (Column column : columns) {
            names.add(column.name());
        }
        return names;
    }

    /** One column. */
    static final class Column {
        private final String name;
        private final String dataType;
        private final String columnType;
        private final String size;
        private final String key;
        private final String extra;

        Column(
                String name,
                String dataType,
                String columnType,
                String size,
                String key,
                String extra) {
            this.name = name;
            this.columnType = lower(columnType);
            this.dataType = dataType(lower(dataType), this.columnType);
            this.size = size;
            this.key = lower(key);
            this.extra = lower(extra);
        }

        private static String lower(String text) {
            return text == null ? "" : text.trim().toLowerCase(Locale.ROOT);
        }

        /**
         * Older servers answer {@code unknown} for VARBINARY, ARRAY, MAP and STRUCT, and have the
         * type in COLUMN_TYPE alone.
         */
        private static String dataType(String dataType, String columnType) {
            if (!dataType.isEmpty() && !dataType.equals("unknown")) {
                return dataType;
            }
            int end = 0;
            while (end < columnType.length() && isNamePart(columnType.charAt(end))) {
                end++;
            }
            String head = columnType.substring(0, end);
            return head.equals("unknown") ? "" : head;
        }

        private static boolean isNamePart(char c) {
            return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_';
        }

        /** The name in the server's case. */
        String name() {
            return name;
        }

        /** DATA_TYPE in lower case, such as {@code bigint unsigned}; empty if unknown. */
        String dataType() {
            return dataType;
        }

        /** The type as users of StarRocks write it, in lower case and without parameters. */
        String type() {
            switch (dataType) {
                case "bigint unsigned":
                    return "largeint";
                case "tinyint":
                    return isBoolean() ? "boolean" : "tinyint";
                case "string":
                case "text":
                    return "varchar";
                case "binary":
                    return "varbinary";
                default:
                    return dataType.startsWith("decimal") ? "decimal" : dataType;
            }
        }

        /** BOOLEAN is a {@code tinyint(1)} without a COLUMN_SIZE; TINYINT a {@code tinyint(4)}. */
        private boolean isBoolean() {
            return columnType.startsWith("tinyint(")
                    ? columnType.startsWith("tinyint(1)")
                    : size == null;
        }

        /** Whether it belongs to the key of a PRIMARY KEY table. */
        boolean isPrimaryKey() {
            return key.equals("pri");
        }

        /** Whether the server fills it when a load leaves it out. */
        boolean isFilledByServer() {
            return extra.contains("auto_increment") || extra.contains("generated");
        }
    }
}
