package com.starrocks.connector.flink.connector;

import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.sink.DynamicTableSink;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The columns that an INSERT lists. With {@code sink.properties.partial_update} the others are not
 * to be touched, though Flink makes rows of all columns, with NULL in those that aren't listed.
 *
 * <p>Flink tells the list since 1.18.
 */
final class TargetColumns {

    private TargetColumns() {}

    /**
     * Positions in the row of the columns to load, in order; null for all of them: without partial
     * update, where a column that isn't listed is NULL in a new row, and where the user says by
     * {@code sink.properties.columns} what rows consist of.
     *
     * @param columns all columns of the table, those that are only computed too
     * @param schema the columns that rows carry
     * @throws ValidationException if a column of the key isn't listed
     */
    static int[] positions(
            DynamicTableSink.Context context,
            OptionValues options,
            List<String> columns,
            FlinkTable schema) {
        if (!options.isPartialUpdate()
                || options.properties().containsKey(LoadProperties.COLUMNS)) {
            return null;
        }
        Object told =
                RuntimeFacts.callIfThere(
                        DynamicTableSink.Context.class, context, "getTargetColumns");
        int[][] paths = told == null ? null : (int[][]) ((Optional<?>) told).orElse(null);
        if (paths == null || paths.length == 0) {
            return null;
        }
        TreeSet<Integer> positions = new TreeSet<>();
        for (int[] path : paths) {
            // What is inside of a column can't be loaded without the rest of it.
            positions.add(schema.names().indexOf(columns.get(path[0])));
        }
        positions.remove(-1);
        if (positions.size() == schema.names().size()) {
            return null;
        }
        int[] sorted = positions.stream().mapToInt(Integer::intValue).toArray();
        checkKey(options, schema, schema.pick(sorted).names());
        return sorted;
    }

    private static void checkKey(OptionValues options, FlinkTable schema, List<String> listed) {
        List<String> missing = new ArrayList<>(schema.primaryKey());
        missing.removeAll(listed);
        if (!missing.isEmpty()) {
            throw new ValidationException(
                    "The INSERT into "
                            + options.database()
                            + "."
                            + options.table()
                            + " lists the columns ("
                            + String.join(", ", listed)
                            + ") without ("
                            + String.join(", ", missing)
                            + ") of PRIMARY KEY ("
                            + String.join(", ", schema.primaryKey())
                            + "). With 'sink.properties.partial_update' = 'true' the key says which"
                            + " row's columns are updated: list all of it.");
        }
    }
}
