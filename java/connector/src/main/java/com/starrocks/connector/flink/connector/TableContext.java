package com.starrocks.connector.flink.connector;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.CatalogBaseTable;
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

/**
 * Reads what a factory is given, by reflection where methods came late or changed what they return:
 * {@code getCatalogTable} returns another class since Flink 1.13, {@code getPhysicalRowDataType}
 * and {@code getPrimaryKeyIndexes} came with 1.15.
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

    /** The columns that rows carry, and the PRIMARY KEY. */
    FlinkTable schema(FlinkAdapter adapter) {
        try {
            DynamicTableFactory.Context.class.getMethod("getPhysicalRowDataType");
        } catch (NoSuchMethodException e) {
            return adapter.schema(table());
        }
        RowType row = (RowType) ((DataType) call("getPhysicalRowDataType")).getLogicalType();
        List<String> primaryKey = new ArrayList<>();
        for (int index : (int[]) call("getPrimaryKeyIndexes")) {
            primaryKey.add(row.getFieldNames().get(index));
        }
        return FlinkTable.of(row, primaryKey);
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
        try {
            Method method = DynamicTableFactory.Context.class.getMethod(name);
            return method.invoke(context);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException) {
                throw (RuntimeException) e.getCause();
            }
            throw new IllegalStateException(name + " failed", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Flink's factory context has no " + name, e);
        }
    }
}
