package com.starrocks.connector.flink.chaos;

import java.io.Serializable;

/** A table of a scenario. */
record Table(int number, boolean primaryKey) implements Serializable {

    String name() {
        return (primaryKey ? "pk" : "dup") + number;
    }

    String ddl(String database) {
        return "CREATE TABLE "
                + database
                + "."
                + name()
                + " (id BIGINT NOT NULL, src INT, pos BIGINT, payload VARCHAR(1048576)) "
                + (primaryKey ? "PRIMARY" : "DUPLICATE")
                + " KEY (id) DISTRIBUTED BY HASH (id)";
    }
}
