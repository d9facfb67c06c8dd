package com.starrocks.connector.flink.connector;

import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.CatalogBaseTable;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.data.RowData;

/**
 * What the SQL sink needs of classes that are not in every Flink. An adapter is found by what is on
 * the class path, never by a version number, and named by text alone, so that the classes of one
 * Flink aren't looked for in another.
 */
public interface FlinkAdapter {

    /**
     * What executes the sink.
     *
     * @param parallelism of the sink, null for that of its input
     */
    DynamicTableSink.SinkRuntimeProvider provider(SinkPlan<RowData> plan, Integer parallelism);

    /**
     * The schema of a table, where the factory's context itself has no method for it: in Flink 1.11
     * to 1.14.
     */
    FlinkTable schema(CatalogBaseTable table);

    /**
     * The adapter for the running Flink.
     *
     * @throws ValidationException if there is none
     */
    static FlinkAdapter find() {
        String[][] adapters = {
            {
                "org.apache.flink.table.connector.sink.SinkFunctionProvider",
                "com.starrocks.connector.flink.flink111.Flink111Adapter"
            },
        };
        ClassLoader loader = FlinkAdapter.class.getClassLoader();
        for (String[] adapter : adapters) {
            try {
                Class.forName(adapter[0], false, loader);
                return (FlinkAdapter)
                        Class.forName(adapter[1], true, loader)
                                .getDeclaredConstructor()
                                .newInstance();
            } catch (ClassNotFoundException e) {
                // Not this Flink: the next one.
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("broken adapter " + adapter[1], e);
            }
        }
        throw new ValidationException(
                "This version of the StarRocks sink runs on Flink 1.11 to 1.20; the running Flink"
                        + " is none of them.");
    }
}
