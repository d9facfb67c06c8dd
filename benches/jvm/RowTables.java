package com.starrocks.bench;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.SinkFunctionProvider;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;

import java.util.Set;

/**
 * The connector {@code bench-rows}: as a source the rows of a shape, as a sink a look at the class
 * of what arrives.
 */
@SuppressWarnings("deprecation")
public final class RowTables implements DynamicTableSourceFactory, DynamicTableSinkFactory {
    private static final ConfigOption<String> SHAPE =
            ConfigOptions.key("shape").stringType().defaultValue("lineitem");
    private static final ConfigOption<String> KIND =
            ConfigOptions.key("kind").stringType().defaultValue("binary");
    private static final ConfigOption<Long> ROWS =
            ConfigOptions.key("rows").longType().defaultValue(0L);

    /** The class of the rows that came to the sink last. */
    static volatile Class<?> seen;

    @Override
    public String factoryIdentifier() {
        return "bench-rows";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(SHAPE, KIND, ROWS);
    }

    @Override
    public DynamicTableSource createDynamicTableSource(Context context) {
        FactoryUtil.TableFactoryHelper helper = FactoryUtil.createTableFactoryHelper(this, context);
        return new Source(
                helper.getOptions().get(SHAPE),
                helper.getOptions().get(KIND),
                helper.getOptions().get(ROWS));
    }

    @Override
    public DynamicTableSink createDynamicTableSink(Context context) {
        return new Sink();
    }

    private record Source(String shape, String kind, long rows) implements ScanTableSource {
        @Override
        public ChangelogMode getChangelogMode() {
            return ChangelogMode.insertOnly();
        }

        @Override
        public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
            String ofShape = shape;
            String ofKind = kind;
            return SourceProvider.of(
                    new RowSource<RowData>(() -> Rows.sql(ofKind, Shape.named(ofShape)), rows));
        }

        @Override
        public DynamicTableSource copy() {
            return this;
        }

        @Override
        public String asSummaryString() {
            return "prepared rows";
        }
    }

    private record Sink() implements DynamicTableSink {
        @Override
        public ChangelogMode getChangelogMode(ChangelogMode requested) {
            return requested;
        }

        @Override
        public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
            return SinkFunctionProvider.of(new Look());
        }

        @Override
        public DynamicTableSink copy() {
            return this;
        }

        @Override
        public String asSummaryString() {
            return "a look at the rows";
        }
    }

    private static final class Look implements SinkFunction<RowData> {
        private static final long serialVersionUID = 1;

        @Override
        public void invoke(RowData row, Context context) {
            seen = row.getClass();
        }
    }
}
