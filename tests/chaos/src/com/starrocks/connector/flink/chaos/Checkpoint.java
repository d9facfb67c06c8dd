package com.starrocks.connector.flink.chaos;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;

/**
 * A checkpoint as the job manager keeps it.
 *
 * @param states by operator and subtask
 * @param positions of the source's partitions
 */
record Checkpoint(long id, OperatorSubtaskState[][] states, long[] positions) {}
