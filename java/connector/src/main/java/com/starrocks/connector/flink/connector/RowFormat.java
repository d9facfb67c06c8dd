package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.NativeSession;

import org.apache.flink.metrics.Counter;

import java.io.Serializable;

/**
 * One kind of rows that the sink takes, as settled when the job was planned; travels with the job.
 *
 * @param <T> class of the rows
 */
interface RowFormat<T> extends Serializable {

    /**
     * Prepares a subtask for rows of this kind: tells the session of the table, if it is known.
     *
     * @param ignoredDeletes counts rows dropped because of {@link SinkOptions#IGNORE_DELETE}
     */
    RowWriter<T> open(NativeSession session, Counter ignoredDeletes);

    /**
     * Writes rows into a session. Used by one thread at a time.
     *
     * @param <T> class of the rows
     */
    interface RowWriter<T> {

        /**
         * Writes a row.
         *
         * @throws IllegalArgumentException if the row can't be written; the message says why
         * @throws InterruptedException if interrupted while waiting for memory
         */
        void write(T row) throws InterruptedException;
    }
}
