package com.starrocks.connector.flink.connector;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.factories.DynamicTableFactory;

import java.util.LinkedHashSet;
import java.util.Set;

/** Makes SQL sinks, for the factory that Flink finds. */
public final class TableSinks {

    private TableSinks() {}

    /**
     * A sink for the table that Flink describes.
     *
     * <p>What is wrong with it or its options is thrown once the planner asks the sink for
     * something, not here: around an exception from a factory, Flink up to 1.14 prints all options
     * of the table, the password included.
     */
    public static DynamicTableSink create(DynamicTableFactory.Context context) {
        return create(context, ServerCatalog.SERVER);
    }

    static DynamicTableSink create(DynamicTableFactory.Context context, ServerCatalog catalog) {
        try {
            TableContext table = new TableContext(context);
            table.refusePartitions();
            OptionValues options = OptionValues.check(table.options());
            options.logNotes();
            FlinkAdapter adapter = FlinkAdapter.find();
            FlinkTable schema = table.schema(adapter);
            return new StarRocksTableSink(
                    options, schema, table.columns(schema), table.sessionZone(), adapter, catalog);
        } catch (RuntimeException e) {
            return new RefusedTableSink(e);
        }
    }

    /** The options that a table must have, or may have, for Flink's own lists of them. */
    public static Set<ConfigOption<?>> options(boolean required) {
        Set<ConfigOption<?>> options = new LinkedHashSet<>();
        for (SinkOption<?> option : SinkOptions.all()) {
            if (option.isRequired() == required) {
                options.add(option.toConfigOption());
            }
        }
        return options;
    }
}
