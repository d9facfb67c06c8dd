package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.PairsWriter;
import com.starrocks.connector.flink.core.SessionListener;
import com.starrocks.connector.flink.core.ZoneTransitions;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;

import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;

import java.io.Serializable;
import java.time.ZoneId;
import java.util.Map;

/**
 * A sink as planned: options and table have been checked, against each other and against the
 * server. Travels with the job; subtasks open a {@link StarRocksWriter} from it. Immutable.
 *
 * @param <T> class of the rows
 */
public final class SinkPlan<T> implements Serializable {

    /** What is wrong with a schema without PRIMARY KEY for rows that are deleted by it. */
    public static final String NO_PRIMARY_KEY =
            "enableUpsertDelete() was called on the options, but the schema has no PRIMARY KEY;"
                    + " declare the StarRocks table's PRIMARY KEY in the schema";

    private static final long serialVersionUID = 1L;

    private final OptionValues options;
    private final RowFormat<T> rows;
    private final String zone;

    private SinkPlan(OptionValues options, RowFormat<T> rows, ZoneId sessionZone) {
        this.options = options;
        this.rows = rows;
        String configured = options.get(SinkOptions.LTZ_ZONE);
        this.zone = configured != null ? configured : sessionZone.getId();
    }

    /**
     * A sink for rows that are text already, and go to the table of the options. That the table
     * exists and the login works is checked, unless database or table is {@code *}.
     *
     * @throws ValidationException if the table can't be read
     */
    public static SinkPlan<String> raw(OptionValues options) {
        return raw(options, ServerCatalog.SERVER);
    }

    static SinkPlan<String> raw(OptionValues options, ServerCatalog catalog) {
        if (!options.anyTable()) {
            String version = catalog.read(options).version();
            String unable = LoadProperties.troubleWithServer(options.properties(), version);
            if (unable != null) {
                throw new ValidationException(unable);
            }
        }
        return rehearsed(rawUnchecked(options), catalog);
    }

    /**
     * A sink for rows that are text already and may name their own tables, which therefore aren't
     * looked at beforehand.
     */
    public static <T> SinkPlan<T> rawUnchecked(OptionValues options) {
        return new SinkPlan<>(options, new RawRows<T>(options), ZoneId.systemDefault());
    }

    /**
     * A sink for rows that a user's code puts into slots.
     *
     * @throws ValidationException if the table can't be read or doesn't fit the schema
     */
    public static <T> SinkPlan<T> slots(
            OptionValues options, FlinkTable schema, StarRocksSinkRowBuilder<T> builder) {
        return slots(options, schema, builder, ServerCatalog.SERVER);
    }

    static <T> SinkPlan<T> slots(
            OptionValues options,
            FlinkTable schema,
            StarRocksSinkRowBuilder<T> builder,
            ServerCatalog catalog) {
        TargetTable table = match(options, schema, catalog);
        return rehearsed(
                new SinkPlan<>(
                        options, new SlotRows<>(options, table, builder), ZoneId.systemDefault()),
                catalog);
    }

    /**
     * A sink for rows of Flink's SQL.
     *
     * @param sessionZone zone for TIMESTAMP_LTZ unless the options name one
     * @throws ValidationException if the table can't be read or doesn't fit the schema
     */
    public static SinkPlan<RowData> sql(
            OptionValues options, FlinkTable schema, ZoneId sessionZone) {
        return sql(options, schema, sessionZone, ServerCatalog.SERVER);
    }

    static SinkPlan<RowData> sql(
            OptionValues options, FlinkTable schema, ZoneId sessionZone, ServerCatalog catalog) {
        return sql(options, schema, null, sessionZone, catalog);
    }

    /**
     * A sink for some columns of the rows.
     *
     * @param fields positions of the columns to load, null for all
     */
    static SinkPlan<RowData> sql(
            OptionValues options,
            FlinkTable schema,
            int[] fields,
            ZoneId sessionZone,
            ServerCatalog catalog) {
        FlinkTable loaded = fields == null ? schema : schema.pick(fields);
        return rehearsed(
                new SinkPlan<>(
                        options,
                        new SqlRows(options, match(options, loaded, catalog), fields),
                        sessionZone),
                catalog);
    }

    private static <T> SinkPlan<T> rehearsed(SinkPlan<T> plan, ServerCatalog catalog) {
        catalog.rehearse(plan);
        return plan;
    }

    private static TargetTable match(
            OptionValues options, FlinkTable schema, ServerCatalog catalog) {
        if (options.anyTable()) {
            throw new ValidationException(
                    "'database-name' = '"
                            + options.database()
                            + "', 'table-name' = '"
                            + options.table()
                            + "': a sink with a schema loads into one table, so '*' stands for"
                            + " none; it is for rows that are text and name their own table");
        }
        return SchemaCheck.match(options, schema, catalog.read(options));
    }

    /** The options. */
    public OptionValues options() {
        return options;
    }

    RowFormat<T> rows() {
        return rows;
    }

    /** What the native session is told. */
    PairsWriter config(WriterContext context) {
        PairsWriter config =
                config(options.handed(), context.jobId(), context.subtask(), context.attempt());
        if (!context.temporaryFolders().isEmpty()) {
            config.put("context.temporary-folders", String.join("\n", context.temporaryFolders()));
        }
        if (context.lineage() != null) {
            config.put("context.lineage", context.lineage());
        }
        if (context.role() != null) {
            config.put("context.role", context.role());
        }
        return config;
    }

    private PairsWriter config(Map<String, String> handed, String jobId, int subtask, int attempt) {
        PairsWriter config = new PairsWriter();
        for (Map.Entry<String, String> option : handed.entrySet()) {
            config.put(option.getKey(), option.getValue());
        }
        return config.put("context.job-id", jobId)
                .put("context.subtask", subtask)
                .put("context.attempt", attempt)
                .put("context.zone-transitions", ZoneTransitions.encode(ZoneId.of(zone)));
    }

    /**
     * Opens a session as a subtask would, tells it of the table, and closes it; nothing is sent.
     *
     * @throws com.starrocks.connector.flink.core.StarRocksNativeException if the plan is refused
     */
    void rehearse() {
        Map<String, String> handed = options.handed();
        // A file of the machines that the subtasks run on.
        handed.remove(SinkOptions.TLS_CA_FILE.key());
        try (NativeSession session =
                NativeSession.open(
                        config(handed, "", 0, 0), options.maxMemory() / 2, SessionListener.NONE)) {
            rows.open(session, new SimpleCounter());
        }
    }

    @Override
    public String toString() {
        return "starrocks_sink(" + options.database() + "." + options.table() + ")";
    }
}
