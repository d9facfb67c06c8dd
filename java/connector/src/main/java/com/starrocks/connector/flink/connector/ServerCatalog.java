package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.NativeLibrary;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.PairsWriter;
import com.starrocks.connector.flink.core.StarRocksNativeException;

import org.apache.flink.table.api.ValidationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collections;

/** Tells what a table on the server looks like. */
interface ServerCatalog {

    /** Asks the server, through the native library, which needs no JDBC driver. */
    ServerCatalog SERVER = ServerCatalog::readFromServer;

    /**
     * Reads the table that the options name.
     *
     * @throws ValidationException if no server could be asked, the login was refused, or the
     *     database or table doesn't exist
     */
    ServerTable read(OptionValues options);

    /** Implementation of {@link #SERVER}. */
    static ServerTable readFromServer(OptionValues options) {
        Logger log = LoggerFactory.getLogger(ServerCatalog.class);
        String library =
                NativeLibrary.load(
                        options.get(SinkOptions.LIBRARY_PATH), Collections.<String>emptyList());
        log.debug("Native library: {}", library);
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
