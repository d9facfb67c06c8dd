/**
 * What the sinks of both eras of Flink's Sink V2 share, compiled against Flink 1.15: names only
 * what is there from 1.15 to 2.x.
 */
package com.starrocks.connector.flink.sink2;
