package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.codec.RowDataEncoder;
import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.TableConfig;

import org.apache.flink.metrics.Counter;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.RowKind;

import java.util.Arrays;

/**
 * Rows of Flink's SQL, whose kind says what becomes of them:
 *
 * <table>
 * <caption>What becomes of a row</caption>
 * <tr><th>table</th><th>+I, +U</th><th>-D</th><th>-U</th></tr>
 * <tr><td>PRIMARY KEY</td><td>upsert</td><td>delete</td><td>delete, or dropped if the user
 * set {@code sink.ignore.update-before} to true</td></tr>
 * <tr><td>PRIMARY KEY, of whose columns some are updated</td><td>upsert</td><td>delete</td><td>
 * dropped, or a delete if the user set {@code sink.ignore.update-before} to false</td></tr>
 * <tr><td>other</td><td>written</td><td colspan="2">refused when the job is planned</td></tr>
 * </table>
 *
 * <p>Unless told otherwise, the planner is asked to leave out -U, and mostly does. It ships them
 * all the same where a filter behind an aggregation may drop the +U that belongs to one
 * (FLINK-9528): then the -U alone says that the row is gone, and dropping it would leave the row in
 * the table. Where loads update some of the columns ({@code sink.properties.partial_update}), it
 * would take with it what others have written into the rest, and nothing would bring that back: so
 * there it is dropped.
 *
 * <p>With {@code sink.ignore-delete}, deletes are dropped and counted, for any table.
 */
final class SqlRows implements RowFormat<RowData> {

    private static final long serialVersionUID = 1L;

    private final TargetTable table;
    private final TableConfig.Format format;
    private final int[] fields;
    private final boolean ignoreUpdateBefore;
    private final boolean ignoreDelete;

    /**
     * Rows of a table.
     *
     * @param table with the columns that are loaded
     * @param fields their positions in the rows, null if these have no others
     */
    SqlRows(OptionValues options, TargetTable table, int[] fields) {
        this.table = table;
        this.fields = fields;
        this.format = options.isJson() ? TableConfig.Format.JSON : TableConfig.Format.CSV;
        this.ignoreUpdateBefore =
                options.isGiven(SinkOptions.IGNORE_UPDATE_BEFORE)
                        ? options.get(SinkOptions.IGNORE_UPDATE_BEFORE)
                        : options.isPartialUpdate();
        this.ignoreDelete = options.get(SinkOptions.IGNORE_DELETE);
    }

    /**
     * The kinds of rows that the sink takes, so that Flink's planner refuses all others, and
     * doesn't ship any that would be dropped.
     */
    static ChangelogMode changelogMode(OptionValues options, boolean primaryKey) {
        ChangelogMode.Builder mode = ChangelogMode.newBuilder().addContainedKind(RowKind.INSERT);
        if (primaryKey || options.get(SinkOptions.IGNORE_DELETE)) {
            mode.addContainedKind(RowKind.UPDATE_AFTER).addContainedKind(RowKind.DELETE);
        }
        if (primaryKey && !options.get(SinkOptions.IGNORE_UPDATE_BEFORE)) {
            mode.addContainedKind(RowKind.UPDATE_BEFORE);
        }
        return mode.build();
    }

    @Override
    public RowWriter<RowData> open(NativeSession session, Counter ignoredDeletes) {
        return new Writer(this, session, ignoredDeletes);
    }

    private static final class Writer implements RowWriter<RowData> {

        private final SqlRows rows;
        private final NativeSession session;
        private final Counter ignoredDeletes;
        private final RowDataEncoder encoder;
        private final int id;

        Writer(SqlRows rows, NativeSession session, Counter ignoredDeletes) {
            this.rows = rows;
            this.session = session;
            this.ignoredDeletes = ignoredDeletes;
            this.encoder =
                    new RowDataEncoder(
                            Arrays.asList(rows.table.names()),
                            Arrays.asList(rows.table.types()),
                            rows.fields);
            this.id = session.addTable(rows.table.toConfig(rows.format));
        }

        @Override
        public void write(RowData row) throws InterruptedException {
            switch (row.getRowKind()) {
                case INSERT:
                case UPDATE_AFTER:
                    session.write(id, BlockLayout.UPSERT, row, encoder);
                    return;
                case UPDATE_BEFORE:
                    if (!rows.ignoreUpdateBefore) {
                        delete(row);
                    }
                    return;
                default:
                    delete(row);
            }
        }

        private void delete(RowData row) throws InterruptedException {
            if (rows.ignoreDelete) {
                ignoredDeletes.inc();
            } else if (rows.table.upserts()) {
                session.write(id, BlockLayout.DELETE, row, encoder);
            } else {
                throw new IllegalArgumentException(
                        "it is of kind "
                                + row.getRowKind().shortString()
                                + ", but "
                                + rows.table
                                + " is not a PRIMARY KEY table, from which rows can't be deleted;"
                                + " set 'sink.ignore-delete' = 'true' to drop such rows");
            }
        }
    }
}
