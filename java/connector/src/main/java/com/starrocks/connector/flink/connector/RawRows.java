package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.codec.RawEncoder;
import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.TableConfig;
import com.starrocks.connector.flink.table.data.StarRocksRowData;
import com.starrocks.connector.flink.table.sink.StarRocksSinkRowDataWithMeta;

import org.apache.flink.metrics.Counter;

import java.util.HashMap;
import java.util.Map;

/**
 * Rows that are text already: strings, and {@link StarRocksRowData} and {@link
 * StarRocksSinkRowDataWithMeta}, which may name the table they go to.
 */
final class RawRows<T> implements RowFormat<T> {

    private static final long serialVersionUID = 1L;

    private static final String ANY = "*";

    private final String database;
    private final String table;
    private final TableConfig.Format format;

    /** Rows that go to the table of the options unless they name another. */
    RawRows(OptionValues options) {
        this.database = options.database();
        this.table = options.table();
        this.format = options.isJson() ? TableConfig.Format.JSON : TableConfig.Format.CSV;
    }

    @Override
    public RowWriter<T> open(NativeSession session, Counter ignoredDeletes) {
        return new Writer<>(this, session);
    }

    private static final class Writer<T> implements RowWriter<T> {

        private final RawRows<T> rows;
        private final NativeSession session;
        private final RawEncoder encoder = new RawEncoder();
        private final Map<String, Map<String, Integer>> ids = new HashMap<>();

        /** The table of the row before: mostly that of the next one, too. */
        private String lastDatabase;

        private String lastTable;
        private int lastId;

        Writer(RawRows<T> rows, NativeSession session) {
            this.rows = rows;
            this.session = session;
            if (!ANY.equals(rows.database) && !ANY.equals(rows.table)) {
                // Shows what is wrong with the properties of the loads before the first row.
                id(rows.database, rows.table);
            }
        }

        @Override
        public void write(T row) throws InterruptedException {
            if (row instanceof StarRocksRowData) {
                StarRocksRowData named = (StarRocksRowData) row;
                writeText(named.getDatabase(), named.getTable(), named.getRow());
            } else if (row instanceof StarRocksSinkRowDataWithMeta) {
                StarRocksSinkRowDataWithMeta named = (StarRocksSinkRowDataWithMeta) row;
                for (String text : named.getDataRows()) {
                    writeText(named.getDatabase(), named.getTable(), text);
                }
            } else {
                writeText(null, null, row == null ? null : row.toString());
            }
        }

        private void writeText(String database, String table, String text)
                throws InterruptedException {
            session.write(
                    id(
                            named(database, rows.database, "database"),
                            named(table, rows.table, "table")),
                    BlockLayout.UPSERT,
                    text,
                    encoder);
        }

        private static String named(String ofRow, String ofOptions, String what) {
            if (ofRow != null && !ofRow.isEmpty()) {
                return ofRow;
            }
            if (ANY.equals(ofOptions)) {
                throw new IllegalArgumentException(
                        "it names no "
                                + what
                                + ", and the option '"
                                + what
                                + "-name' is '*'; give every row its "
                                + what
                                + ", or set that option");
            }
            return ofOptions;
        }

        private int id(String database, String table) {
            if (!table.equals(lastTable) || !database.equals(lastDatabase)) {
                lastId = lookUp(database, table);
                lastDatabase = database;
                lastTable = table;
            }
            return lastId;
        }

        private int lookUp(String database, String table) {
            Map<String, Integer> tables = ids.get(database);
            if (tables == null) {
                tables = new HashMap<>();
                ids.put(database, tables);
            }
            Integer id = tables.get(table);
            if (id == null) {
                id = session.addTable(TableConfig.raw(database, table, rows.format));
                tables.put(table, id);
            }
            return id;
        }
    }
}
