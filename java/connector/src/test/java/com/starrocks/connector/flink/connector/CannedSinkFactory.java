package com.starrocks.connector.flink.connector;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.factories.DynamicTableSinkFactory;

import java.time.ZoneId;
import java.util.Set;

/** The SQL sink, with a server that a test plays. */
public final class CannedSinkFactory implements DynamicTableSinkFactory {

    static ServerTable server;
    static ZoneId sessionZone;

    @Override
    public String factoryIdentifier() {
        return "canned-starrocks";
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
        sessionZone = new TableContext(context).sessionZone();
        return TableSinks.create(context, options -> server);
    }
}
