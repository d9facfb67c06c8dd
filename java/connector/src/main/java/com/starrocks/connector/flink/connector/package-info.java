/**
 * Everything about the sink that doesn't depend on the version of Flink: the options, the checks
 * when a job is planned, the SQL sink, what a subtask does with rows, and the metrics.
 *
 * <p>Flink's sink interfaces changed often; what implements them lives in packages named for the
 * oldest Flink they serve, is found by name ({@link
 * com.starrocks.connector.flink.connector.FlinkAdapter}), and holds no logic of its own.
 */
package com.starrocks.connector.flink.connector;
