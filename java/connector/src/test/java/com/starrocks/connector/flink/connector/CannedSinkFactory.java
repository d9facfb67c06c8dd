package com.starrocks.connector.flink.connector;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.factories.DynamicTableSinkFactory;

import java.lang.reflect.Proxy;
import java.time.ZoneId;
import java.util.Set;

/** The SQL sink, with a server that a test plays. */
public final class CannedSinkFactory implements DynamicTableSinkFactory {

    static ServerTable server;
    static ZoneId sessionZone;

    /** What was planned last. */
    static SinkPlan<?> planned;

    /** Thrown by whatever the factory asks of Flink. */
    static RuntimeException failure;

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
        return TableSinks.create(
                failure == null ? context : failing(context),
                new ServerCatalog() {
                    @Override
                    public ServerTable read(OptionValues options) {
                        return server;
                    }

                    @Override
                    public void rehearse(SinkPlan<?> plan) {
                        planned = plan;
                    }
                });
    }

    private static Context failing(Context context) {
        return (Context)
                Proxy.newProxyInstance(
                        Context.class.getClassLoader(),
                        new Class<?>[] {Context.class},
                        (proxy, method, arguments) -> {
                            throw failure;
                        });
    }
}
