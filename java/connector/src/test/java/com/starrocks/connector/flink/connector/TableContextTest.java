package com.starrocks.connector.flink.connector;

import static org.junit.Assert.assertEquals;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.catalog.CatalogTable;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ResolvedCatalogTable;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.catalog.UniqueConstraint;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.junit.Test;

import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Collections;

/** What is read of a table, as the planner hands it to the factory. */
public class TableContextTest {

    /** Flink 1.15 to 1.19 give the key as its place among all columns, computed ones included. */
    @Test
    public void theKeyIsReadByName() {
        ResolvedSchema schema =
                new ResolvedSchema(
                        Arrays.asList(
                                Column.metadata("offset", DataTypes.BIGINT(), null, true),
                                Column.physical("a", DataTypes.INT().notNull()),
                                Column.physical("n", DataTypes.BIGINT())),
                        Collections.emptyList(),
                        UniqueConstraint.primaryKey("key", Collections.singletonList("a")));
        ResolvedCatalogTable table =
                new ResolvedCatalogTable(
                        CatalogTable.of(
                                Schema.newBuilder().fromResolvedSchema(schema).build(),
                                "",
                                Collections.emptyList(),
                                Collections.emptyMap()),
                        schema);
        DynamicTableFactory.Context context =
                (DynamicTableFactory.Context)
                        Proxy.newProxyInstance(
                                getClass().getClassLoader(),
                                new Class<?>[] {DynamicTableFactory.Context.class},
                                (proxy, method, arguments) -> {
                                    switch (method.getName()) {
                                        case "getCatalogTable":
                                            return table;
                                        case "getPhysicalRowDataType":
                                            return schema.toPhysicalRowDataType();
                                        case "getPrimaryKeyIndexes":
                                            return new int[] {1};
                                        default:
                                            throw new UnsupportedOperationException(
                                                    method.getName());
                                    }
                                });
        FlinkTable read = new TableContext(context).schema(FlinkAdapter.find());
        assertEquals(Arrays.asList("a", "n"), read.names());
        assertEquals(Collections.singletonList("a"), read.primaryKey());
    }
}
