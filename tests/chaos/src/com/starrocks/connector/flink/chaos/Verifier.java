package com.starrocks.connector.flink.chaos;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Compares what is visible with what should be. */
final class Verifier {

    /** What was committed becomes visible by and by. */
    private static final int PUBLISH_MS = 3_000;

    private static final int SHOWN = 20;

    private final Scenario scenario;
    private final Server server;

    Verifier(Scenario scenario, Server server) {
        this.scenario = scenario;
        this.server = server;
    }

    /** No row is visible from these positions on, and none that the source doesn't have. */
    void nothingTooEarly(long[] positions) throws Exception {
        for (Table table : scenario.tables()) {
            List<String> wrong = new ArrayList<>();
            for (Row row : rows(table)) {
                if (row.partition() >= positions.length
                        || row.position() >= positions[row.partition()]) {
                    wrong.add(row + " under " + labels(table, row.id()));
                } else if (!isGenuine(table, row)) {
                    wrong.add("invented: " + row);
                }
            }
            if (!wrong.isEmpty()) {
                throw new Broken(
                        "in "
                                + table.name()
                                + " there is what must not be there yet: "
                                + first(wrong));
            }
        }
    }

    private boolean isGenuine(Table table, Row row) {
        Row original = scenario.source().row(row.partition(), row.position());
        return original.table() == table.number() && original.equals(row);
    }

    /** All rows before these positions are there, in tables where none goes away again. */
    void nothingMissing(long[] positions) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PUBLISH_MS);
        for (Table table : scenario.tables()) {
            Map<Long, Row> expected = scenario.source().expected(table, positions);
            while (!table.primaryKey()) {
                Set<Row> missing = new HashSet<>(expected.values());
                missing.removeAll(rows(table));
                if (missing.isEmpty()) {
                    break;
                }
                if (System.nanoTime() > deadline) {
                    throw new Broken(
                            "in "
                                    + table.name()
                                    + " rows are missing that a completed checkpoint covers: "
                                    + first(missing));
                }
                Thread.sleep(20);
            }
        }
    }

    /** All rows before these positions are there as the mode promises. */
    void complete(long[] positions) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PUBLISH_MS);
        while (true) {
            List<String> wrong = new ArrayList<>();
            for (Table table : scenario.tables()) {
                compare(table, positions, wrong);
            }
            if (wrong.isEmpty()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new Broken(String.join("\n", wrong));
            }
            Thread.sleep(20);
        }
    }

    private void compare(Table table, long[] positions, List<String> wrong) throws Exception {
        Map<Long, Row> expected = scenario.source().expected(table, positions);
        Map<Long, Integer> times = new HashMap<>();
        List<String> invented = new ArrayList<>();
        List<String> doubled = new ArrayList<>();
        for (Row row : rows(table)) {
            int count = times.merge(row.id(), 1, Integer::sum);
            Row original = expected.get(row.id());
            if (original == null) {
                invented.add(row + " under " + labels(table, row.id()));
            } else if (!row.equals(original)) {
                invented.add(row + " instead of " + original + " under " + labels(table, row.id()));
            } else if (count == 2 && (table.primaryKey() || scenario.mode().exactlyOnce())) {
                doubled.add(row + " under " + labels(table, row.id()));
            }
        }
        Set<Row> missing = new HashSet<>(expected.values());
        missing.removeIf(row -> times.containsKey(row.id()));
        note(wrong, table, "missing", missing);
        note(wrong, table, "doubled", doubled);
        note(wrong, table, "not as it should be", invented);
    }

    private static void note(
            List<String> wrong, Table table, String what, java.util.Collection<?> rows) {
        if (!rows.isEmpty()) {
            wrong.add(table.name() + ", " + rows.size() + " rows " + what + ": " + first(rows));
        }
    }

    private static String first(java.util.Collection<?> all) {
        StringBuilder text = new StringBuilder();
        all.stream().limit(SHOWN).forEach(one -> text.append("\n    ").append(one));
        return all.size() > SHOWN ? text + "\n    ..." : text.toString();
    }

    private List<Row> rows(Table table) throws Exception {
        List<Row> rows = new ArrayList<>();
        for (String[] row :
                server.select(
                        "SELECT id, src, pos, payload FROM "
                                + server.database()
                                + "."
                                + table.name())) {
            rows.add(
                    new Row(
                            table.number(),
                            Long.parseLong(row[0]),
                            Integer.parseInt(row[1]),
                            Long.parseLong(row[2]),
                            false,
                            Objects.requireNonNullElse(row[3], "")));
        }
        return rows;
    }

    private List<String> labels(Table table, long id) throws Exception {
        return server
                .select(
                        "SELECT _label FROM "
                                + server.database()
                                + ".`"
                                + table.name()
                                + "$ledger` WHERE id = "
                                + id)
                .stream()
                .map(row -> row[0])
                .toList();
    }
}
