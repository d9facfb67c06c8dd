package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.NativeLibrary;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.PairsWriter;
import com.starrocks.connector.flink.core.StarRocksNativeException;

import org.apache.flink.table.api.ValidationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collections;

/** What planning asks of the outside: what a table is like, and whether a plan is possible. */
interface ServerCatalog {

    /** Asks the server, through the native library, which needs no JDBC driver. */
    ServerCatalog SERVER =
            new ServerCatalog() {
                @Override
                public ServerTable read(OptionValues options) {
                    return readFromServer(options);
                }

                @Override
                public void rehearse(SinkPlan<?> plan) {
                    openAndClose(plan);
                }
            };

    /**
     * Reads the table that the options name.
     *
     * @throws ValidationException if no server could be asked, the login was refused, or the
     *     database or table doesn't exist
     */
    ServerTable read(OptionValues options);

    /**
     * Does what a subtask will do before its first row, so that what the native half refuses (a
     * separator, a header) is an error of planning, not of a job that restarts again and again.
     *
     * @throws ValidationException if the plan is refused
     */
    default void rehearse(SinkPlan<?> plan) {}

    /** Implementation of {@link #SERVER}. */
    static void openAndClose(SinkPlan<?> plan) {
        loadLibrary(plan.options());
        try {
            plan.rehearse();
        } catch (StarRocksNativeException e) {
            throw new ValidationException(
                    "The options of the StarRocks sink can't be used: " + e.getMessage(), e);
        }
    }

    /** Loads the native library where the job is planned. */
    static void loadLibrary(OptionValues options) {
        String library =
                NativeLibrary.load(
                        options.get(SinkOptions.LIBRARY_PATH), Collections.<String>emptyList());
        LoggerFactory.getLogger(ServerCatalog.class).debug("Native library: {}", library);
    }

    /** Implementation of {@link #SERVER}. */
    static ServerTable readFromServer(OptionValues options) {
        Logger log = LoggerFactory.getLogger(ServerCatalog.class);
        loadLibrary(options);
        PairsWriter request =
                new PairsWriter()
                        .put("jdbc-url", options.get(SinkOptions.JDBC_URL))
                        .put("username", options.get(SinkOptions.USERNAME))
                        .put("password", options.get(SinkOptions.PASSWORD))
                        .put("database", options.database())
                        .put("table", options.table())
                        .put(
                                SinkOptions.CONNECT_TIMEOUT.key(),
                                options.get(SinkOptions.CONNECT_TIMEOUT));
        try {
            ServerTable table = ServerTable.of(NativeSession.readTable(request));
            log.info(
                    "StarRocks table {}.{}: {} columns; server version {}",
                    options.database(),
                    options.table(),
                    table.columns().size(),
                    table.version().isEmpty() ? "unknown" : table.version());
            return table;
        } catch (StarRocksNativeException e) {
            throw new ValidationException(
                    "The StarRocks table "
                            + options.database()
                            + "."
                            + options.table()
                            + " can't be planned with: "
                            + e.getMessage(),
                    e);
        }
    }
}
