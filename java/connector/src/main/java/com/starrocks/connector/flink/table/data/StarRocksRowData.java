package com.starrocks.connector.flink.table.data;

/** A row that is text already, CSV or JSON, and may name the table it goes to. */
public interface StarRocksRowData {

    /** Not used by this sink. */
    String getUniqueKey();

    /** Database; null for the one in the sink's options. */
    String getDatabase();

    /** Table; null for the one in the sink's options. */
    String getTable();

    /** The row's text. */
    String getRow();

    /** Whether a transaction of the source ends with this row. Not used by this sink. */
    default boolean isTransactionEnd() {
        return false;
    }

    /** Partition of the source that the row comes from. Not used by this sink. */
    default int getSourcePartition() {
        return -1;
    }
}
