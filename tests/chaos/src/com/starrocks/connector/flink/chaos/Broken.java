package com.starrocks.connector.flink.chaos;

/** A promise of the sink that a scenario saw broken. */
final class Broken extends Exception {

    Broken(String message) {
        super(message);
    }

    Broken(String message, Throwable cause) {
        super(message, cause);
    }
}
