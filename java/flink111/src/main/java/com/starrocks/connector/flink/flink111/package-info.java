/**
 * The sink behind Flink's {@code SinkFunction}, compiled against Flink 1.11: serves DataStream jobs
 * on Flink 1.11 to 1.20 and SQL there.
 */
package com.starrocks.connector.flink.flink111;
