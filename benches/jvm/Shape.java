package com.starrocks.bench;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The columns of a case's table, and values for them: the same ones in each run. */
final class Shape {
    /**
     * Rows that are prepared and then sent over and over again: few enough to stay in the
     * second-level cache, where a row lies that a job has just made.
     */
    static final int CYCLE = 512;

    private static final int DATES_FROM = 8035; // 1992-01-01, as days since 1970
    private static final int DATES = 2526;
    private static final String HAN = "数据库同步任务流水账单客户订单地址电话北京上海广州深圳杭州成都武汉西安南京重庆";

    /** How a column's values are held in {@link #values}. */
    enum Kind {
        /** {@code Long}. */
        LONG,
        /** {@code Integer}. */
        INT,
        /** DECIMAL(15, 2), as the {@code Long} without its point. */
        DECIMAL,
        /** {@code Integer}, days since 1970. */
        DATE,
        /** {@code String}. */
        TEXT
    }

    /** A column. {@code most} is the length of the longest text, in bytes. */
    record Column(String name, Kind kind, int most) {
        DataType flinkType() {
            return switch (kind) {
                case LONG -> DataTypes.BIGINT();
                case INT -> DataTypes.INT();
                case DECIMAL -> DataTypes.DECIMAL(15, 2);
                case DATE -> DataTypes.DATE();
                case TEXT -> DataTypes.STRING();
            };
        }

        String serverType() {
            return switch (kind) {
                case LONG -> "BIGINT";
                case INT -> "INT";
                case DECIMAL -> "DECIMAL(15, 2)";
                case DATE -> "DATE";
                case TEXT -> "VARCHAR(" + most + ")";
            };
        }
    }

    private interface Text {
        String next(Random random);
    }

    final String name;
    final List<Column> columns = new ArrayList<>();
    private final List<Text> texts = new ArrayList<>();

    private Shape(String name) {
        this.name = name;
    }

    static Shape named(String name) {
        Shape shape = new Shape(name);
        if (name.startsWith("columns")) {
            return shape.mixed(Integer.parseInt(name.substring("columns".length())));
        }
        return switch (name) {
            case "lineitem" -> shape.lineItem();
            case "narrow" ->
                    shape.column("a", Kind.INT).column("b", Kind.INT).column("c", Kind.INT);
            case "wide" -> shape.mixed(100);
            case "long" ->
                    shape.column("id", Kind.LONG)
                            .text("body", 4096, random -> ascii(random, 4096, 4096));
            case "chinese" ->
                    shape.column("id", Kind.LONG)
                            .text("name", 30, random -> han(random, 2, 8))
                            .text("address", 120, random -> han(random, 10, 30))
                            .text("remark", 240, random -> han(random, 20, 60));
            default -> throw new IllegalArgumentException("no shape " + name);
        };
    }

    /** TPC-H's lineitem: about 128 bytes of CSV. */
    private Shape lineItem() {
        column("l_orderkey", Kind.LONG);
        for (String name : new String[] {"l_partkey", "l_suppkey", "l_linenumber"}) {
            column(name, Kind.INT);
        }
        for (String name : new String[] {"l_quantity", "l_extendedprice", "l_discount", "l_tax"}) {
            column(name, Kind.DECIMAL);
        }
        text("l_returnflag", 1, random -> pick(random, "N", "R", "A"));
        text("l_linestatus", 1, random -> pick(random, "O", "F"));
        for (String name : new String[] {"l_shipdate", "l_commitdate", "l_receiptdate"}) {
            column(name, Kind.DATE);
        }
        text(
                "l_shipinstruct",
                25,
                random ->
                        pick(
                                random,
                                "DELIVER IN PERSON",
                                "COLLECT COD",
                                "NONE",
                                "TAKE BACK RETURN"));
        text(
                "l_shipmode",
                10,
                random -> pick(random, "MAIL", "SHIP", "TRUCK", "REG AIR", "AIR", "RAIL", "FOB"));
        return text("l_comment", 44, random -> ascii(random, 10, 43));
    }

    private Shape mixed(int count) {
        Kind[] kinds = {Kind.LONG, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.INT};
        for (int i = 0; i < count; i++) {
            Kind kind = kinds[i % kinds.length];
            if (kind == Kind.TEXT) {
                text("c" + i, 20, random -> ascii(random, 4, 16));
            } else {
                column("c" + i, kind);
            }
        }
        return this;
    }

    private Shape column(String column, Kind kind) {
        columns.add(new Column(column, kind, 0));
        texts.add(null);
        return this;
    }

    private Shape text(String column, int most, Text text) {
        columns.add(new Column(column, Kind.TEXT, most));
        texts.add(text);
        return this;
    }

    /** StarRocks' statement for the table. */
    String ddl(String database) {
        List<String> list = new ArrayList<>();
        columns.forEach(column -> list.add(column.name() + " " + column.serverType()));
        String first = columns.get(0).name();
        return String.format(
                "CREATE TABLE IF NOT EXISTS %s.%s (%s) DUPLICATE KEY (%s) DISTRIBUTED BY HASH (%s)",
                database, name, String.join(", ", list), first, first);
    }

    /** Flink's columns, as in CREATE TABLE. */
    String flinkColumns() {
        List<String> list = new ArrayList<>();
        columns.forEach(
                column ->
                        list.add(
                                column.name()
                                        + " "
                                        + column.flinkType().getLogicalType().asSummaryString()));
        return String.join(", ", list);
    }

    /** The prepared rows' values. */
    Object[][] values() {
        Random random = new Random(1);
        Object[][] rows = new Object[CYCLE][columns.size()];
        for (int row = 0; row < CYCLE; row++) {
            for (int i = 0; i < columns.size(); i++) {
                rows[row][i] = value(i, row, random);
            }
        }
        return rows;
    }

    private Object value(int index, int row, Random random) {
        return switch (columns.get(index).kind()) {
            case LONG -> index == 0 ? (long) row : (long) random.nextInt(6_000_000);
            case INT -> random.nextInt(200_000);
            case DECIMAL -> decimal(columns.get(index).name(), random);
            case DATE -> DATES_FROM + random.nextInt(DATES);
            case TEXT -> texts.get(index).next(random);
        };
    }

    private static long decimal(String column, Random random) {
        return switch (column) {
            case "l_quantity" -> 100L * (1 + random.nextInt(50));
            case "l_discount" -> random.nextInt(11);
            case "l_tax" -> random.nextInt(9);
            default -> 90_000 + random.nextInt(10_405_000);
        };
    }

    private static String pick(Random random, String... of) {
        return of[random.nextInt(of.length)];
    }

    private static String ascii(Random random, int least, int most) {
        return characters(
                random, "abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz ", least, most);
    }

    private static String han(Random random, int least, int most) {
        return characters(random, HAN, least, most);
    }

    private static String characters(Random random, String from, int least, int most) {
        int length = least + random.nextInt(most - least + 1);
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append(from.charAt(random.nextInt(from.length())));
        }
        return text.toString();
    }
}
