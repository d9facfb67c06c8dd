package com.starrocks.connector.flink.flink111;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.connector.FlinkTable;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.logical.DecimalType;
import org.junit.Test;

import java.util.Arrays;
import java.util.Collections;

/** The adapter's own parts, without a cluster. */
@SuppressWarnings("deprecation")
public class SinkFunctionTest {

    private static StarRocksSinkOptions options() {
        return StarRocksSinkOptions.builder()
                .withProperty("jdbc-url", "jdbc:mysql://fe:9030")
                .withProperty("load-url", "fe:8030")
                .withProperty("database-name", "*")
                .withProperty("table-name", "*")
                .withProperty("username", "root")
                .withProperty("password", "pa55word")
                .build();
    }

    @Test
    public void aSchemaIsReadWithItsKey() {
        FlinkTable table =
                TableSchemas.read(
                        org.apache.flink.table.api.TableSchema.builder()
                                .field("id", DataTypes.BIGINT().notNull())
                                .field("price", DataTypes.DECIMAL(10, 2))
                                .primaryKey("id")
                                .build());
        assertEquals(Arrays.asList("id", "price"), table.names());
        assertEquals(new DecimalType(10, 2), table.types().get(1));
        assertEquals(Collections.singletonList("id"), table.primaryKey());
    }

    @Test
    public void onlyTheEndOfATaskIsOrderly() {
        String task = "org.apache.flink.streaming.runtime.tasks.StreamTask";
        StackTraceElement close = new StackTraceElement("some.Operator", "close", null, 1);
        for (String method : new String[] {"cleanUp", "cleanUpInvoke", "lambda$close$0"}) {
            StackTraceElement[] stack = {close, new StackTraceElement(task, method, null, 1)};
            assertFalse(method, ContainingTask.isClosingInOrder(stack));
        }
        assertFalse(
                ContainingTask.isClosingInOrder(
                        new StackTraceElement[] {
                            close, new StackTraceElement("some.Other", "afterInvoke", null, 1)
                        }));
        assertTrue(
                ContainingTask.isClosingInOrder(
                        new StackTraceElement[] {
                            close, new StackTraceElement(task, "afterInvoke", null, 1)
                        }));
    }

    @Test
    public void upsertsNeedAKeyInTheSchema() {
        StarRocksSinkOptions options = options();
        options.enableUpsertDelete();
        org.apache.flink.table.api.TableSchema schema =
                org.apache.flink.table.api.TableSchema.builder()
                        .field("id", DataTypes.INT())
                        .build();
        ValidationException e =
                assertThrows(
                        ValidationException.class,
                        () -> StarRocksSink.sink(schema, options, (slots, row) -> {}));
        assertTrue(e.getMessage(), e.getMessage().contains("the schema has no PRIMARY KEY"));
    }
}
