/** The sink behind Flink's Sink V2 as it was from 1.15 to 1.18, compiled against 1.15. */
package com.starrocks.connector.flink.flink115;
