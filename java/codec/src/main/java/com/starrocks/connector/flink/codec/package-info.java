/**
 * From what Flink hands a sink to the row blocks of {@code core}: {@link
 * com.starrocks.connector.flink.codec.RowDataEncoder} for SQL's rows, {@link
 * com.starrocks.connector.flink.codec.SlotEncoder} for the slots that a user's code fills, {@link
 * com.starrocks.connector.flink.codec.RawEncoder} for text.
 *
 * <p>Uses Flink's data structures and logical types alone; these are the same in every Flink from
 * 1.11 on.
 */
package com.starrocks.connector.flink.codec;
