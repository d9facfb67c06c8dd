package com.starrocks.connector.flink.chaos;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;

import java.util.Set;

/**
 * A checkpoint as the job manager keeps it.
 *
 * @param states by sink, subtask, and operator of the subtask
 * @param positions of the source's partitions
 * @param known the tables that its subtasks knew, by {@link #known}
 */
record Checkpoint(long id, OperatorSubtaskState[][][] states, long[] positions, Set<String> known) {

    /** A table of a subtask, as labels have it. */
    static String known(Table table, int index) {
        return "-" + table.name() + "-" + index + "-";
    }
}
