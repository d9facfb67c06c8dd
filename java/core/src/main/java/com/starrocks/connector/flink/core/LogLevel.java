package com.starrocks.connector.flink.core;

/** Level of a line that the native half logs. */
public enum LogLevel {
    /** Detail. */
    DEBUG,
    /** Course of events. */
    INFO,
    /** Something to look at; the sink goes on. */
    WARN,
    /** A failure. */
    ERROR
}
