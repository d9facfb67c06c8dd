package com.starrocks.connector.flink.table;

import com.starrocks.connector.flink.connector.TableSinks;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.factories.DynamicTableSinkFactory;

import java.util.Set;

/** Makes the SQL sink for tables {@code WITH ('connector' = 'starrocks', ...)}. */
public class StarRocksDynamicTableSinkFactory implements DynamicTableSinkFactory {

    @Override
    public String factoryIdentifier() {
        return "starrocks";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return TableSinks.options(true);
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return TableSinks.options(false);
    }

    @Override
    public DynamicTableSink createDynamicTableSink(Context context) {
        return TableSinks.create(context);
    }
}
