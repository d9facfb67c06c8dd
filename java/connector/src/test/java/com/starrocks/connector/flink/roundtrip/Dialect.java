package com.starrocks.connector.flink.roundtrip;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The ways in which rows are written for a load, and what text each can carry. */
enum Dialect {
    JSON(null, null, null, null),
    CSV_DEFAULT("\t", "\n", null, null),
    CSV_CONTROL("\u0001", "\u0002", null, null),
    CSV_LONG("|!|", "\u0003\u0004\u0005", null, null),
    CSV_OVERLAPPING("ab", "ba", null, null),
    CSV_ENCLOSED("\t", "\n", '"', null),
    CSV_ENCLOSED_LONG("|!|", "\r\n", '\'', null),
    CSV_ESCAPED(",", "\n", '"', '^');

    private final String column;
    private final String row;
    private final Character enclose;
    private final Character escape;

    Dialect(String column, String row, Character enclose, Character escape) {
        this.column = column;
        this.row = row;
        this.enclose = enclose;
        this.escape = escape;
    }

    boolean isJson() {
        return this == JSON;
    }

    String column() {
        return column;
    }

    String row() {
        return row;
    }

    /** The options that choose it. */
    String[] options() {
        if (isJson()) {
            return new String[] {"sink.properties.format", "json"};
        }
        List<String> options = new ArrayList<>(Arrays.asList("sink.properties.format", "csv"));
        if (this != CSV_DEFAULT) {
            options.addAll(Arrays.asList("sink.properties.column_separator", hex(column)));
            options.addAll(Arrays.asList("sink.properties.row_delimiter", hex(row)));
        }
        if (enclose != null) {
            options.addAll(Arrays.asList("sink.properties.enclose", enclose.toString()));
        }
        if (escape != null) {
            options.addAll(Arrays.asList("sink.properties.escape", escape.toString()));
        }
        return options.toArray(new String[0]);
    }

    private static String hex(String separator) {
        StringBuilder text = new StringBuilder("\\x");
        for (char c : separator.toCharArray()) {
            text.append(String.format("%02x", (int) c));
        }
        return text.toString();
    }

    /**
     * Whether the row, of which the last field is not empty, can be read back, by the server's
     * rules: without {@code enclose}, nothing protects a separator; the text {@code \N} is NULL in
     * any case; with only one of {@code enclose} and {@code escape} set, NUL acts as the other; and
     * a field that starts with the enclose character needs an {@code escape}.
     */
    boolean carries(String... fields) {
        if (isJson()) {
            return true;
        }
        List<String> all = Arrays.asList(fields);
        if (all.contains("\\N")) {
            return false;
        }
        if (enclose != null) {
            return escape != null
                    || all.stream().noneMatch(f -> f.indexOf('\0') >= 0 || f.indexOf(enclose) == 0);
        }
        String text = String.join(column, all);
        if ((text + row).indexOf(row) != text.length()) {
            return false;
        }
        List<String> read = new ArrayList<>();
        int from = 0;
        for (int at; (at = text.indexOf(column, from)) >= 0; from = at + column.length()) {
            read.add(text.substring(from, at));
        }
        read.add(text.substring(from));
        return read.equals(all);
    }

    /** The text with everything taken out that this can't carry within a field. */
    String tame(String text) {
        if (isJson() || escape != null && !text.equals("\\N")) {
            return text;
        }
        String tame = text;
        if (enclose == null) {
            for (char c : (column + row).toCharArray()) {
                tame = tame.replace(String.valueOf(c), "");
            }
        } else {
            tame = tame.replace("\0", "");
            if (!tame.isEmpty() && tame.charAt(0) == enclose) {
                tame = "." + tame;
            }
        }
        return tame.equals("\\N") ? "\\n" : tame;
    }
}
