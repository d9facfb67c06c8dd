package com.starrocks.connector.flink.core;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of this connector, as the build wrote it into the jar. */
public final class ConnectorVersion {

    private static final String NOTE = "version.properties";

    private ConnectorVersion() {}

    /** Such as {@code 0.1.0}; {@code unknown} if the classes were not packed by the build. */
    public static String get() {
        try (InputStream in = ConnectorVersion.class.getResourceAsStream(NOTE)) {
            Properties properties = new Properties();
            if (in != null) {
                properties.load(in);
            }
            return properties.getProperty("version", "unknown");
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + NOTE + " from the connector's jar", e);
        }
    }
}
