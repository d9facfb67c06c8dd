package com.starrocks.connector.flink.connector;

import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.abilities.SupportsOverwrite;

import java.time.ZoneId;
import java.util.List;

/**
 * The SQL sink as the planner sees it. The table on the server is looked at when the planner asks
 * for what executes the sink, that is, when a statement that writes to it is run or explained.
 */
final class StarRocksTableSink implements DynamicTableSink, SupportsOverwrite {

    /** What plans show of the sink. */
    static final String SUMMARY = "starrocks_sink";

    private final OptionValues options;
    private final FlinkTable schema;
    private final List<String> columns;
    private final ZoneId sessionZone;
    private final FlinkAdapter adapter;
    private final ServerCatalog catalog;

    /**
     * A sink.
     *
     * @param schema the columns that rows carry
     * @param columns names of all columns, those that are only computed too
     */
    StarRocksTableSink(
            OptionValues options,
            FlinkTable schema,
            List<String> columns,
            ZoneId sessionZone,
            FlinkAdapter adapter,
            ServerCatalog catalog) {
        this.options = options;
        this.schema = schema;
        this.columns = columns;
        this.sessionZone = sessionZone;
        this.adapter = adapter;
        this.catalog = catalog;
    }

    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requestedMode) {
        return SqlRows.changelogMode(options, schema.hasPrimaryKey());
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
        int[] fields = TargetColumns.positions(context, options, columns, schema);
        return adapter.provider(
                SinkPlan.sql(options, schema, fields, sessionZone, catalog),
                options.get(SinkOptions.PARALLELISM));
    }

    /** Overwriting is refused: without this method by Flink, in terms of its own interfaces. */
    @Override
    public void applyOverwrite(boolean overwrite) {
        if (overwrite) {
            throw new ValidationException(
                    "INSERT OVERWRITE isn't supported by the connector 'starrocks' (here for "
                            + options.database()
                            + "."
                            + options.table()
                            + "), which only adds, updates and deletes rows. Use INSERT INTO, and"
                            + " TRUNCATE TABLE in StarRocks before it if the old rows are to go.");
        }
    }

    @Override
    public DynamicTableSink copy() {
        return new StarRocksTableSink(options, schema, columns, sessionZone, adapter, catalog);
    }

    @Override
    public String asSummaryString() {
        return SUMMARY;
    }
}
