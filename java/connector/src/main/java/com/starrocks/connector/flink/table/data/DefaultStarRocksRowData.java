package com.starrocks.connector.flink.table.data;

import java.io.Serializable;

/** A {@link StarRocksRowData} that holds what it is given. */
public class DefaultStarRocksRowData implements StarRocksRowData, Serializable {

    private static final long serialVersionUID = 1L;

    private String uniqueKey;
    private String database;
    private String table;
    private String row;

    /** An empty row. */
    public DefaultStarRocksRowData() {}

    /** An empty row for a table. */
    public DefaultStarRocksRowData(String database, String table) {
        this(null, database, table, null);
    }

    /** A row for a table. */
    public DefaultStarRocksRowData(String uniqueKey, String database, String table, String row) {
        this.uniqueKey = uniqueKey;
        this.database = database;
        this.table = table;
        this.row = row;
    }

    @Override
    public String getUniqueKey() {
        return uniqueKey;
    }

    /** Sets the unique key. */
    public void setUniqueKey(String uniqueKey) {
        this.uniqueKey = uniqueKey;
    }

    @Override
    public String getDatabase() {
        return database;
    }

    /** Sets the database. */
    public void setDatabase(String database) {
        this.database = database;
    }

    @Override
    public String getTable() {
        return table;
    }

    /** Sets the table. */
    public void setTable(String table) {
        this.table = table;
    }

    @Override
    public String getRow() {
        return row;
    }

    /** Sets the text. */
    public void setRow(String row) {
        this.row = row;
    }
}
