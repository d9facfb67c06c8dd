package com.starrocks.connector.flink.chaos;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The StarRocks look-alike, a process that ends with this JVM. Any thread may use it. */
final class Sandbox implements AutoCloseable {

    private static final int PATIENCE_MS = 20_000;

    private final Process process;
    private final JsonObject ports;
    private final Connection connection;

    private Sandbox(Process process, JsonObject ports) throws SQLException {
        this.process = process;
        this.ports = ports;
        this.connection =
                DriverManager.getConnection(
                        "jdbc:mysql://127.0.0.1:" + mysql() + "/?useSSL=false&socketTimeout=20000",
                        "root",
                        "");
    }

    /** Starts a server; what it writes to its standard error goes to the file. */
    static Sandbox start(String binary, File log) throws IOException, SQLException {
        // A BE that is down is noticed soon: no scenario waits for seconds.
        Process process =
                new ProcessBuilder(
                                binary,
                                "--exit-with-stdin",
                                "--followers",
                                "1",
                                "--be-ports",
                                "0,0,0",
                                "--heartbeat-ms",
                                "100")
                        .redirectError(ProcessBuilder.Redirect.appendTo(log))
                        .start();
        String line =
                new BufferedReader(
                                new InputStreamReader(
                                        process.getInputStream(), StandardCharsets.UTF_8))
                        .readLine();
        if (line == null) {
            throw new IOException(binary + " ended without naming its ports; see " + log);
        }
        return new Sandbox(process, JsonParser.parseString(line).getAsJsonObject());
    }

    String leader() {
        return "127.0.0.1:" + ports.get("fe").getAsInt();
    }

    String follower() {
        return "127.0.0.1:" + ports.getAsJsonArray("followers").get(0).getAsInt();
    }

    int mysql() {
        return ports.get("mysql").getAsInt();
    }

    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The rows of a result as text. */
    List<String[]> select(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<String[]> rows = new ArrayList<>();
            int width = result.getMetaData().getColumnCount();
            while (result.next()) {
                String[] row = new String[width];
                for (int i = 0; i < width; i++) {
                    row[i] = result.getString(i + 1);
                }
                rows.add(row);
            }
            return rows;
        }
    }

    /** Asks the control port. */
    JsonElement control(String method, String path, JsonElement body) {
        try {
            HttpURLConnection http =
                    (HttpURLConnection)
                            new URL("http://127.0.0.1:" + ports.get("control") + path)
                                    .openConnection();
            http.setConnectTimeout(PATIENCE_MS);
            http.setReadTimeout(PATIENCE_MS);
            http.setRequestMethod(method);
            if (body != null) {
                http.setDoOutput(true);
                try (OutputStream out = http.getOutputStream()) {
                    out.write(body.toString().getBytes(StandardCharsets.UTF_8));
                }
            }
            boolean fine = http.getResponseCode() == 200;
            try (InputStream in = fine ? http.getInputStream() : http.getErrorStream()) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                if (!fine) {
                    throw new IllegalStateException(method + " " + path + " " + body + ": " + text);
                }
                return JsonParser.parseString(text);
            }
        } catch (IOException e) {
            throw new IllegalStateException(method + " " + path + ": " + e, e);
        }
    }

    /** Has the control port do one thing. */
    void order(String key, String value) {
        JsonObject order = new JsonObject();
        order.addProperty(key, value);
        control("POST", "/control", order);
    }

    /** Disarms all faults, and forgets what was asked so far. */
    void calm() {
        control("DELETE", "/faults", null);
    }

    @Override
    public void close() throws SQLException {
        try {
            connection.close();
        } finally {
            process.destroy();
        }
    }
}
