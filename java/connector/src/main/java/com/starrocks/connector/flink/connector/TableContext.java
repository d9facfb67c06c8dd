package com.starrocks.connector.flink.connector;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.CatalogBaseTable;
import org.apache.flink.table.catalog.CatalogTable;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads what a factory is given, by reflection where methods came late or changed what they return:
 * {@code getCatalogTable} returns another class since Flink 1.13, {@code getPhysicalRowDataType}
 * came with 1.15.
 */
final class TableContext {

    private static final ConfigOption<String> LOCAL_TIME_ZONE =
            ConfigOptions.key("table.local-time-zone").stringType().defaultValue("default");

    private final DynamicTableFactory.Context context;

    TableContext(DynamicTableFactory.Context context) {
        this.context = context;
    }

    /** The options in the WITH clause. */
    Map<String, String> options() {
        return table().getOptions();
    }

    /**
     * Lets no table through that has PARTITIONED BY.
     *
     * @throws ValidationException if it has
     */
    void refusePartitions() {
        List<String> keys = ((CatalogTable) table()).getPartitionKeys();
        if (!keys.isEmpty()) {
            throw new ValidationException(
                    "PARTITIONED BY ("
                            + String.join(", ", keys)
                            + ") isn't supported by the connector 'starrocks': StarRocks chooses"
                            + " the partition of each row as its own table says. Leave it out of"
                            + " the Flink table "
                            + context.getObjectIdentifier().asSummaryString()
                            + ", and PARTITION (...) out of what inserts into it.");
        }
    }

    /** The columns that rows carry, and the PRIMARY KEY. */
    FlinkTable schema(FlinkAdapter adapter) {
        try {
            DynamicTableFactory.Context.class.getMethod("getPhysicalRowDataType");
        } catch (NoSuchMethodException e) {
            return adapter.schema(table());
        }
        RowType row = (RowType) ((DataType) call("getPhysicalRowDataType")).getLogicalType();
        return FlinkTable.of(row, primaryKey());
    }

    /**
     * Names of all columns, those that are only computed too, which Flink tells since 1.13; before,
     * of those that rows carry.
     */
    List<String> columns(FlinkTable schema) {
        Object resolved = RuntimeFacts.callIfThere(table(), "getResolvedSchema");
        List<String> names = new ArrayList<>();
        if (resolved != null) {
            for (Object name : (List<?>) call(resolved, resolved.getClass(), "getColumnNames")) {
                names.add((String) name);
            }
        }
        return resolved == null ? schema.names() : names;
    }

    /**
     * Names of the PRIMARY KEY's columns. The context's own {@code getPrimaryKeyIndexes} isn't
     * used: up to Flink 1.19 it counts columns that are only computed, which are not in the row.
     */
    private List<String> primaryKey() {
        Object resolved = call(table(), table().getClass(), "getResolvedSchema");
        Object key =
                ((Optional<?>) call(resolved, resolved.getClass(), "getPrimaryKey")).orElse(null);
        List<String> names = new ArrayList<>();
        if (key != null) {
            for (Object name : (List<?>) call(key, key.getClass(), "getColumns")) {
                names.add((String) name);
            }
        }
        return names;
    }

    /** The session's time zone. */
    ZoneId sessionZone() {
        String zone = context.getConfiguration().get(LOCAL_TIME_ZONE);
        try {
            return "default".equals(zone) ? ZoneId.systemDefault() : ZoneId.of(zone);
        } catch (DateTimeException e) {
            throw new ValidationException(
                    "'" + LOCAL_TIME_ZONE.key() + "' = '" + zone + "' is no time zone", e);
        }
    }

    private CatalogBaseTable table() {
        return (CatalogBaseTable) call("getCatalogTable");
    }

    private Object call(String name) {
        return call(context, DynamicTableFactory.Context.class, name);
    }

    private static Object call(Object target, Class<?> type, String name) {
        try {
            Method method = type.getMethod(name);
            return method.invoke(target);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException) {
                throw (RuntimeException) e.getCause();
            }
            throw new IllegalStateException(name + " failed", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Flink's " + type + " has no " + name, e);
        }
    }
}
