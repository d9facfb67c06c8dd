package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.codec.LogicalTypes;
import com.starrocks.connector.flink.core.TableConfig;

import org.apache.flink.table.types.logical.LogicalType;

import java.io.Serializable;
import java.util.List;

/**
 * Where rows go, as settled when the job was planned: what subtasks need to know of the table on
 * the server, so that they don't ask again. Immutable.
 */
final class TargetTable implements Serializable {

    private static final long serialVersionUID = 1L;

    private final String database;
    private final String table;
    private final String[] names;
    private final LogicalType[] types;
    private final String[] serverTypes;
    private final boolean upserts;

    /**
     * A table.
     *
     * @param names of the columns, in the server's case
     * @param serverTypes DATA_TYPE of the columns, empty where unknown
     * @param upserts whether it has a PRIMARY KEY, so that rows carry whether they are deletes
     */
    TargetTable(
            String database,
            String table,
            List<String> names,
            List<LogicalType> types,
            List<String> serverTypes,
            boolean upserts) {
        this.database = database;
        this.table = table;
        this.names = names.toArray(new String[0]);
        this.types = types.toArray(new LogicalType[0]);
        this.serverTypes = serverTypes.toArray(new String[0]);
        this.upserts = upserts;
    }

    String[] names() {
        return names.clone();
    }

    LogicalType[] types() {
        return types.clone();
    }

    String[] serverTypes() {
        return serverTypes.clone();
    }

    boolean upserts() {
        return upserts;
    }

    TableConfig toConfig(TableConfig.Format format) {
        TableConfig.Builder builder = TableConfig.columns(database, table, format).withOp(upserts);
        for (int i = 0; i < names.length; i++) {
            builder.column(names[i], LogicalTypes.toTypeNode(names[i], types[i]), serverTypes[i]);
        }
        return builder.build();
    }

    @Override
    public String toString() {
        return database + "." + table;
    }
}
