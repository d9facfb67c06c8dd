package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.codec.LogicalTypes;

import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.logical.LogicalType;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Compares a Flink schema with the table on the server, and matches their columns by name. All that
 * doesn't fit is reported at once.
 *
 * <p>A column that only the server has is left out of the load; the server fills it or refuses.
 * That it is NOT NULL without a default isn't judged here, since some servers report every column
 * as NOT NULL.
 */
final class SchemaCheck {

    private final OptionValues options;
    private final FlinkTable flink;
    private final ServerTable server;
    private final List<String> troubles = new ArrayList<>();

    private SchemaCheck(OptionValues options, FlinkTable flink, ServerTable server) {
        this.options = options;
        this.flink = flink;
        this.server = server;
    }

    /**
     * Matches the two.
     *
     * @throws ValidationException naming every mismatch
     */
    static TargetTable match(OptionValues options, FlinkTable flink, ServerTable server) {
        return new SchemaCheck(options, flink, server).match();
    }

    private TargetTable match() {
        // With a list of columns of their own, users name what they like in the rows.
        boolean ownColumns = options.properties().containsKey(LoadProperties.COLUMNS);
        List<String> names = new ArrayList<>();
        List<String> serverTypes = new ArrayList<>();
        Map<String, String> seen = new HashMap<>();
        if (flink.names().isEmpty()) {
            troubles.add("the Flink table has no columns to write");
        }
        for (int i = 0; i < flink.names().size(); i++) {
            String name = flink.names().get(i);
            LogicalType type = flink.types().get(i);
            ServerTable.Column column = server.find(name);
            String before = seen.put(name.toLowerCase(Locale.ROOT), name);
            if (before != null) {
                troubles.add(
                        "columns '"
                                + before
                                + "' and '"
                                + name
                                + "' are one for StarRocks,"
                                + " which doesn't tell case apart");
            }
            boolean supported = checkSupported(name, type);
            if (!ownColumns && column == null) {
                troubles.add(missing(name));
            }
            if (!ownColumns && column != null && supported) {
                checkFit(name, type, column);
            }
            names.add(column == null || ownColumns ? name : column.name());
            serverTypes.add(column == null ? "" : column.dataType());
        }
        checkPrimaryKey();
        String unable = LoadProperties.troubleWithServer(options.properties(), server.version());
        if (unable != null) {
            troubles.add(unable);
        }
        if (!troubles.isEmpty()) {
            throw new ValidationException(
                    "The Flink table doesn't fit the StarRocks table "
                            + options.database()
                            + "."
                            + options.table()
                            + ":\n  - "
                            + String.join("\n  - ", troubles));
        }
        return new TargetTable(
                options.database(),
                options.table(),
                names,
                flink.types(),
                serverTypes,
                flink.hasPrimaryKey());
    }

    private boolean checkSupported(String name, LogicalType type) {
        try {
            LogicalTypes.toTypeNode(name, type);
            return true;
        } catch (IllegalArgumentException e) {
            troubles.add(e.getMessage());
            return false;
        }
    }

    private String missing(String name) {
        String nearest = Spelling.nearest(name, server.names());
        return "column '"
                + name
                + "' doesn't exist in StarRocks"
                + (nearest == null ? "" : "; did you mean '" + nearest + "'?");
    }

    private void checkFit(String name, LogicalType type, ServerTable.Column column) {
        String trouble = TypeFit.trouble(type, column, options.isJson());
        if (trouble != null) {
            troubles.add(
                    "column '"
                            + name
                            + "': "
                            + type.asSummaryString()
                            + " can't be loaded into "
                            + column.type().toUpperCase(Locale.ROOT)
                            + ": "
                            + trouble);
        }
    }

    private void checkPrimaryKey() {
        List<String> key = new ArrayList<>();
        for (ServerTable.Column column : server.columns()) {
            // A key that the server makes up itself can be left out of the Flink table.
            if (column.isPrimaryKey() && !(column.isFilledByServer() && !inFlink(column.name()))) {
                key.add(column.name());
            }
        }
        if (lower(key).equals(lower(flink.primaryKey()))) {
            return;
        }
        if (!flink.hasPrimaryKey()) {
            troubles.add(
                    "the StarRocks table has PRIMARY KEY ("
                            + String.join(", ", key)
                            + "), the Flink table none; declare PRIMARY KEY ("
                            + String.join(", ", key)
                            + ") NOT ENFORCED");
        } else if (key.isEmpty()) {
            troubles.add(
                    "the Flink table has PRIMARY KEY ("
                            + String.join(", ", flink.primaryKey())
                            + "), but the StarRocks table is not a PRIMARY KEY table; remove the"
                            + " PRIMARY KEY in Flink");
        } else {
            troubles.add(
                    "the Flink table has PRIMARY KEY ("
                            + String.join(", ", flink.primaryKey())
                            + "), the StarRocks table PRIMARY KEY ("
                            + String.join(", ", key)
                            + "); they must be the same columns");
        }
    }

    private boolean inFlink(String name) {
        return lower(flink.names()).contains(name.toLowerCase(Locale.ROOT));
    }

    private static Set<String> lower(List<String> names) {
        Set<String> lower = new HashSet<>();
        for (String name : names) {
            lower.add(name.toLowerCase(Locale.ROOT));
        }
        return lower;
    }
}
