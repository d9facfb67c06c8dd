package com.starrocks.connector.flink.chaos;

import java.io.Serializable;

/**
 * A row of the stream.
 *
 * @param table number of its table
 * @param id its key; in a table without PRIMARY KEY, no other row has the same
 * @param partition of the source
 * @param position in the partition
 * @param delete whether it takes the row of this id away
 * @param payload some text
 */
record Row(int table, long id, int partition, long position, boolean delete, String payload)
        implements Serializable {

    @Override
    public String toString() {
        return (delete ? "-" : "+") + id + " (row " + position + " of partition " + partition + ")";
    }
}
