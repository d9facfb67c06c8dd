package com.starrocks.connector.flink.connector;

import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.abilities.SupportsOverwrite;

import java.time.ZoneId;

/**
 * The SQL sink as the planner sees it. The table on the server is looked at when the planner asks
 * for what executes the sink, that is, when a statement that writes to it is run or explained.
 */
final class StarRocksTableSink implements DynamicTableSink, SupportsOverwrite {

    /** What plans show of the sink. */
    static final String SUMMARY = "starrocks_sink";

    private final OptionValues options;
    private final FlinkTable schema;
    private final ZoneId sessionZone;
    private final FlinkAdapter adapter;
    private final ServerCatalog catalog;

    StarRocksTableSink(
            OptionValues options,
            FlinkTable schema,
            ZoneId sessionZone,
            FlinkAdapter adapter,
            ServerCatalog catalog) {
        this.options = options;
        this.schema = schema;
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
        return adapter.provider(
                SinkPlan.sql(options, schema, sessionZone, catalog),
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
        return new StarRocksTableSink(options, schema, sessionZone, adapter, catalog);
    }

    @Override
    public String asSummaryString() {
        return SUMMARY;
    }
}
