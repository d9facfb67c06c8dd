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
    default FlinkTable schema(CatalogBaseTable table) {
        throw new IllegalStateException("this Flink's factory context has no physical row type");
    }

    /**
     * The adapter for the running Flink: of the sink interfaces that it has, the one that it
     * doesn't advise against. {@code SinkFunctionProvider} isn't deprecated in any 1.x; 2.x keeps
     * it among its legacy alone.
     *
     * @throws ValidationException if there is none
     */
    static FlinkAdapter find() {
        String[][] adapters = {
            {
                "org.apache.flink.table.connector.sink.SinkFunctionProvider",
                "com.starrocks.connector.flink.flink111.Flink111Adapter"
            },
            {
                "org.apache.flink.table.connector.sink.SinkV2Provider",
                "com.starrocks.connector.flink.sink2.SinkV2Adapter"
            },
        };
        return find(FlinkAdapter.class, adapters);
    }

    /**
     * An object of the first class whose counterpart in Flink is on the class path.
     *
     * @param candidates pairs: the name of a class of Flink, and that of a class of ours, with a
     *     constructor without parameters, that can be used where the former is there
     * @throws ValidationException if none is
     */
    static <T> T find(Class<T> type, String[][] candidates) {
        ClassLoader loader = FlinkAdapter.class.getClassLoader();
        for (String[] candidate : candidates) {
            try {
                Class.forName(candidate[0], false, loader);
                return type.cast(
                        Class.forName(candidate[1], true, loader)
                                .getDeclaredConstructor()
                                .newInstance());
            } catch (ClassNotFoundException e) {
                // Not this Flink: the next one.
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("broken adapter " + candidate[1], e);
            }
        }
        throw new ValidationException(
                "This StarRocks sink runs on Flink 1.11 to 1.20 and 2.x (with sinkTo(...) from 1.15"
                        + " on); the running Flink "
                        + version(loader)
                        + "is none of them.");
    }

    /** For the message alone. */
    static String version(ClassLoader loader) {
        try {
            Object version =
                    Class.forName(
                                    "org.apache.flink.runtime.util.EnvironmentInformation",
                                    true,
                                    loader)
                            .getMethod("getVersion")
                            .invoke(null);
            return "(" + version + ") ";
        } catch (ReflectiveOperationException | LinkageError e) {
            return "";
        }
    }
}
