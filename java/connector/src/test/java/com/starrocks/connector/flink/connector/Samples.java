package com.starrocks.connector.flink.connector;

import static org.junit.Assert.assertThrows;

import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What several tests start from. */
final class Samples {

    static final String PASSWORD = "pa55word";

    private Samples() {}

    /** Options that are all right, with more on top; a null takes an option away. */
    static Map<String, String> options(String... more) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("connector", "starrocks");
        options.put("jdbc-url", "jdbc:mysql://fe1:9030,fe2:9030");
        options.put("load-url", "fe1:8030;http://fe2:8030");
        options.put("database-name", "db");
        options.put("table-name", "t");
        options.put("username", "root");
        options.put("password", PASSWORD);
        for (int i = 0; i < more.length; i += 2) {
            if (more[i + 1] == null) {
                options.remove(more[i]);
            } else {
                options.put(more[i], more[i + 1]);
            }
        }
        return options;
    }

    static OptionValues values(String... more) {
        return OptionValues.check(options(more));
    }

    /** The lines of the error that these options end in, without the first. */
    static List<String> troubles(String... more) {
        ValidationException e =
                assertThrows(ValidationException.class, () -> OptionValues.check(options(more)));
        List<String> lines = new ArrayList<>(Arrays.asList(e.getMessage().split("\n  - ")));
        lines.remove(0);
        return lines;
    }

    static FlinkTable flink(String primaryKey, Object... namesAndTypes) {
        String[] names = new String[namesAndTypes.length / 2];
        LogicalType[] types = new LogicalType[names.length];
        for (int i = 0; i < names.length; i++) {
            names[i] = (String) namesAndTypes[2 * i];
            types[i] = (LogicalType) namesAndTypes[2 * i + 1];
        }
        List<String> key =
                primaryKey.isEmpty() ? new ArrayList<>() : Arrays.asList(primaryKey.split(","));
        return FlinkTable.of(RowType.of(types, names), key);
    }

    /** A table on the server; each column is {@code name dataType [columnType [key [extra]]]}. */
    static ServerTable server(String... columns) {
        List<ServerTable.Column> list = new ArrayList<>();
        for (String column : columns) {
            String[] parts = Arrays.copyOf(column.split(" "), 5);
            String dataType = parts[1].replace('_', ' ');
            list.add(
                    new ServerTable.Column(parts[0], dataType, parts[2], null, parts[3], parts[4]));
        }
        return new ServerTable("3.3.5-6d81f75", list);
    }
}
