package com.starrocks.connector.flink.connector;

import static org.apache.flink.table.types.logical.LogicalTypeRoot.ARRAY;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.BIGINT;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.BINARY;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.BOOLEAN;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.CHAR;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.DATE;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.DECIMAL;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.DOUBLE;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.FLOAT;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.INTEGER;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.MAP;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.ROW;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.SMALLINT;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.TIMESTAMP_WITHOUT_TIME_ZONE;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.TIMESTAMP_WITH_LOCAL_TIME_ZONE;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.TIME_WITHOUT_TIME_ZONE;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.TINYINT;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.VARBINARY;
import static org.apache.flink.table.types.logical.LogicalTypeRoot.VARCHAR;

import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;

import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/** Which Flink types can be loaded into which StarRocks types. */
final class TypeFit {

    private static final Map<String, Set<LogicalTypeRoot>> TAKES = takes();

    private TypeFit() {}

    private static Map<String, Set<LogicalTypeRoot>> takes() {
        Map<String, Set<LogicalTypeRoot>> takes = new HashMap<>();
        takes.put("boolean", EnumSet.of(BOOLEAN, TINYINT, INTEGER));
        takes.put("tinyint", EnumSet.of(TINYINT, INTEGER, BOOLEAN, BINARY, VARBINARY));
        takes.put("smallint", EnumSet.of(SMALLINT, TINYINT, INTEGER, BINARY, VARBINARY));
        takes.put("int", EnumSet.of(INTEGER, SMALLINT, TINYINT, BINARY, VARBINARY));
        takes.put("bigint", EnumSet.of(BIGINT, INTEGER, SMALLINT, TINYINT, BINARY, VARBINARY));
        takes.put("largeint", EnumSet.of(DECIMAL, BIGINT, INTEGER, BINARY, VARBINARY));
        takes.put("decimal", EnumSet.of(DECIMAL, BIGINT, INTEGER, DOUBLE, FLOAT));
        takes.put("double", EnumSet.of(DOUBLE, FLOAT, BIGINT, INTEGER));
        takes.put("float", EnumSet.of(FLOAT, INTEGER));
        takes.put("date", EnumSet.of(DATE, VARCHAR));
        takes.put(
                "datetime",
                EnumSet.of(TIMESTAMP_WITHOUT_TIME_ZONE, TIMESTAMP_WITH_LOCAL_TIME_ZONE, VARCHAR));
        takes.put("char", EnumSet.of(CHAR, VARCHAR));
        takes.put("varchar", EnumSet.of(CHAR, VARCHAR, ARRAY, MAP, ROW, TIME_WITHOUT_TIME_ZONE));
        takes.put("varbinary", EnumSet.of(BINARY, VARBINARY));
        takes.put("json", EnumSet.of(CHAR, VARCHAR, ROW, MAP, ARRAY));
        takes.put("array", EnumSet.of(ARRAY));
        takes.put("map", EnumSet.of(MAP));
        takes.put("struct", EnumSet.of(ROW));
        return Collections.unmodifiableMap(takes);
    }

    /**
     * Why the type can't be loaded into the column, or null.
     *
     * <p>A server type that isn't known here (hll, bitmap, or one newer than this) is not judged,
     * except that bytes have a text form for VARBINARY and integers alone.
     */
    static String trouble(LogicalType type, ServerTable.Column column, boolean json) {
        String serverType = column.type();
        Set<LogicalTypeRoot> taken = TAKES.get(serverType);
        LogicalTypeRoot root = type.getTypeRoot();
        boolean bytes = root == BINARY || root == VARBINARY;
        if (taken == null) {
            return bytes && !serverType.isEmpty()
                    ? "bytes go into VARBINARY or integer columns only"
                    : null;
        }
        if (!taken.contains(root)) {
            return "that column takes " + names(taken);
        }
        if (!json && isNested(serverType) && (root != ARRAY || containsObject(type))) {
            return "CSV can't carry MAP or ROW values into a "
                    + serverType.toUpperCase(Locale.ROOT)
                    + " column; set 'sink.properties.format' = 'json'";
        }
        return null;
    }

    private static boolean isNested(String serverType) {
        return serverType.equals("array")
                || serverType.equals("map")
                || serverType.equals("struct");
    }

    private static boolean containsObject(LogicalType type) {
        if (type.getTypeRoot() == MAP || type.getTypeRoot() == ROW) {
            return true;
        }
        for (LogicalType child : type.getChildren()) {
            if (containsObject(child)) {
                return true;
            }
        }
        return false;
    }

    private static String names(Set<LogicalTypeRoot> roots) {
        StringJoiner names = new StringJoiner(", ");
        for (LogicalTypeRoot root : roots) {
            switch (root) {
                case TIMESTAMP_WITHOUT_TIME_ZONE:
                    names.add("TIMESTAMP");
                    break;
                case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                    names.add("TIMESTAMP_LTZ");
                    break;
                case TIME_WITHOUT_TIME_ZONE:
                    names.add("TIME");
                    break;
                default:
                    names.add(root.name());
            }
        }
        return names.toString();
    }
}
