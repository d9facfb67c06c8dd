package com.starrocks.connector.flink.table.sink;

import com.starrocks.connector.flink.connector.OptionValues;
import com.starrocks.connector.flink.connector.SinkOptions;

import java.io.Serializable;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Options of one sink. They are checked when built; everything wrong with them is reported at once.
 *
 * <pre>{@code
 * StarRocksSinkOptions options = StarRocksSinkOptions.builder()
 *         .withProperty("jdbc-url", "jdbc:mysql://fe1:9030,fe2:9030")
 *         .withProperty("load-url", "fe1:8030;fe2:8030")
 *         .withProperty("database-name", "db")
 *         .withProperty("table-name", "table")
 *         .withProperty("username", "root")
 *         .withProperty("password", "")
 *         .withProperty("sink.properties.format", "json")
 *         .build();
 * }</pre>
 *
 * <p>{@link #toString} hides the password.
 */
public class StarRocksSinkOptions implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Format of the loads. */
    public enum StreamLoadFormat {
        /** Separated text. */
        CSV,
        /** JSON objects. */
        JSON
    }

    private final OptionValues values;
    private boolean upsertDelete;

    private StarRocksSinkOptions(OptionValues values) {
        this.values = values;
    }

    /** Starts an empty set of options. */
    public static Builder builder() {
        return new Builder();
    }

    /** The checked options. */
    public OptionValues values() {
        return values;
    }

    /** Option {@code jdbc-url}. */
    public String getJdbcUrl() {
        return values.get(SinkOptions.JDBC_URL);
    }

    /** Option {@code load-url}, entry by entry. */
    public List<String> getLoadUrlList() {
        return Arrays.asList(values.get(SinkOptions.LOAD_URL).split(";"));
    }

    /** Option {@code database-name}. */
    public String getDatabaseName() {
        return values.database();
    }

    /** Option {@code table-name}. */
    public String getTableName() {
        return values.table();
    }

    /** Option {@code username}. */
    public String getUsername() {
        return values.get(SinkOptions.USERNAME);
    }

    /** Option {@code password}. */
    public String getPassword() {
        return values.get(SinkOptions.PASSWORD);
    }

    /** Option {@code sink.version}. */
    public String getSinkVersion() {
        return values.get(SinkOptions.VERSION);
    }

    /** Option {@code sink.semantic}. */
    public StarRocksSinkSemantic getSemantic() {
        return StarRocksSinkSemantic.fromName(values.get(SinkOptions.SEMANTIC));
    }

    /** Option {@code sink.label-prefix}, or null. */
    public String getLabelPrefix() {
        return values.get(SinkOptions.LABEL_PREFIX);
    }

    /** Option {@code sink.max-retries}. */
    public int getSinkMaxRetries() {
        return values.get(SinkOptions.MAX_RETRIES);
    }

    /** Option {@code sink.retry.interval-ms}. */
    public int getRetryIntervalMs() {
        return values.get(SinkOptions.RETRY_INTERVAL);
    }

    /** Option {@code sink.buffer-flush.interval-ms}. */
    public long getSinkMaxFlushInterval() {
        return values.get(SinkOptions.FLUSH_INTERVAL);
    }

    /** Option {@code sink.buffer-flush.max-rows}. */
    public long getSinkMaxRows() {
        return values.get(SinkOptions.MAX_ROWS);
    }

    /** Option {@code sink.buffer-flush.max-bytes}. */
    public long getSinkMaxBytes() {
        return values.get(SinkOptions.MAX_BYTES);
    }

    /** Option {@code sink.buffer.max-memory}, or its default: twice {@link #getSinkMaxBytes}. */
    public long getMaxMemory() {
        return values.maxMemory();
    }

    /** Option {@code sink.chunk-limit}. */
    public long getChunkLimit() {
        return values.get(SinkOptions.CHUNK_LIMIT);
    }

    /** Option {@code sink.connect.timeout-ms}. */
    public int getConnectTimeout() {
        return values.get(SinkOptions.CONNECT_TIMEOUT);
    }

    /** Option {@code sink.socket.timeout-ms}. */
    public int getSocketTimeout() {
        return values.get(SinkOptions.SOCKET_TIMEOUT);
    }

    /** Option {@code sink.wait-for-continue.timeout-ms}. */
    public int getWaitForContinueTimeout() {
        return values.get(SinkOptions.CONTINUE_TIMEOUT);
    }

    /** Option {@code sink.io.thread-count}. */
    public int getIoThreadCount() {
        return values.get(SinkOptions.IO_THREADS);
    }

    /** Option {@code sink.scan-frequency.ms}, which has no effect here. */
    public long getScanFrequency() {
        return values.get(SinkOptions.SCAN_FREQUENCY);
    }

    /** Option {@code sink.buffer-flush.enqueue-timeout-ms}, which has no effect here. */
    public long getSinkOfferTimeout() {
        return values.get(SinkOptions.ENQUEUE_TIMEOUT);
    }

    /** Option {@code sink.metric.histogram-window-size}. */
    public int getSinkHistogramWindowSize() {
        return values.get(SinkOptions.HISTOGRAM_WINDOW);
    }

    /** Option {@code sink.parallelism}, or null. */
    public Integer getSinkParallelism() {
        return values.get(SinkOptions.PARALLELISM);
    }

    /** Option {@code sink.ignore.update-before}. */
    public boolean getIgnoreUpdateBefore() {
        return values.get(SinkOptions.IGNORE_UPDATE_BEFORE);
    }

    /** Option {@code sink.ignore-delete}. */
    public boolean getIgnoreDelete() {
        return values.get(SinkOptions.IGNORE_DELETE);
    }

    /** The options under {@code sink.properties.}, without that prefix, names in lower case. */
    public Map<String, String> getSinkStreamLoadProperties() {
        return values.properties();
    }

    /** Whether {@code sink.properties.columns} is given. */
    public boolean hasColumnMappingProperty() {
        return values.properties().containsKey("columns");
    }

    /** Format of the loads, from {@code sink.properties.format}. */
    public StreamLoadFormat getStreamLoadFormat() {
        return values.isJson() ? StreamLoadFormat.JSON : StreamLoadFormat.CSV;
    }

    /**
     * Says that the target is a PRIMARY KEY table. A sink built from a schema knows it from the
     * schema's PRIMARY KEY; there is no need to call this.
     */
    public void enableUpsertDelete() {
        upsertDelete = true;
    }

    /** Whether {@link #enableUpsertDelete} was called. */
    public boolean supportUpsertDelete() {
        return upsertDelete;
    }

    @Override
    public String toString() {
        return "StarRocksSinkOptions" + values;
    }

    /** Collects options. */
    public static final class Builder {

        private final Map<String, String> properties = new LinkedHashMap<>();

        /** Starts without options. */
        public Builder() {}

        /** Sets an option by its key. */
        public Builder withProperty(String key, String value) {
            properties.put(key, value);
            return this;
        }

        /**
         * The options.
         *
         * @throws org.apache.flink.table.api.ValidationException naming all that is wrong with them
         */
        public StarRocksSinkOptions build() {
            OptionValues values = OptionValues.check(properties);
            values.logNotes();
            return new StarRocksSinkOptions(values);
        }
    }
}
