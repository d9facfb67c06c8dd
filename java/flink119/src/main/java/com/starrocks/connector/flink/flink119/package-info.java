/**
 * The sink behind Flink's Sink V2 as it has been since 1.19, compiled against 2.0: serves 1.19,
 * 1.20 and 2.x.
 */
package com.starrocks.connector.flink.flink119;
