package com.starrocks.connector.flink.connector;

import java.util.LinkedHashSet;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.factories.DynamicTableFactory;

/** Makes SQL sinks, for the factory that Flink finds. */
public final class TableSinks {

    private TableSinks() {}

    /**
     * A sink for the table that Flink describes.
     *
     * @throws org.apache.flink.table.api.ValidationException naming all that is wrong with its
     *     options
     */
    public static DynamicTableSink create(DynamicTableFactory.Context context) {
        TableContext table = new TableContext(context);
        OptionValues options = OptionValues.check(table.options());
        options.logWithoutEffect();
        FlinkAdapter adapter = FlinkAdapter.find();
        return new StarRocksTableSink(
                options,
                table.schema(adapter),
                table.sessionZone(),
                adapter,
                ServerCatalog.SERVER);
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
