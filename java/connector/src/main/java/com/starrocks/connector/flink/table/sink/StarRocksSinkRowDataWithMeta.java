package com.starrocks.connector.flink.table.sink;

import java.io.Serializable;
import java.util.ArrayList;

/** Several rows, text already, for one table. */
public class StarRocksSinkRowDataWithMeta implements Serializable {

    private static final long serialVersionUID = 1L;

    private String database;
    private String table;
    private final ArrayList<String> dataRows = new ArrayList<>();

    /** The rows' texts. */
    public String[] getDataRows() {
        return dataRows.toArray(new String[0]);
    }

    /** Adds a row. */
    public void addDataRow(String dataRow) {
        dataRows.add(dataRow);
    }

    /** Table; null for the one in the sink's options. */
    public String getTable() {
        return table;
    }

    /** Sets the table. */
    public void setTable(String table) {
        this.table = table;
    }

    /** Database; null for the one in the sink's options. */
    public String getDatabase() {
        return database;
    }

    /** Sets the database. */
    public void setDatabase(String database) {
        this.database = database;
    }
}
