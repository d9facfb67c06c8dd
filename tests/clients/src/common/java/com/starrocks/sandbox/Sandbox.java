package com.starrocks.sandbox;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A sandbox in a process of its own, which ends with this one. */
public final class Sandbox implements AutoCloseable {

    /** A password that tests can look for. */
    public static final String PASSWORD = "s3cret-of-the-sandbox";

    private final Process process;
    private final String ports;

    public Sandbox(String... options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("sandbox"));
        command.addAll(
                Arrays.asList("--exit-with-stdin", "--user", "root", "--password", PASSWORD));
        command.addAll(Arrays.asList(options));
        process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        ports = out.readLine();
        if (ports == null) {
            throw new IOException("the sandbox ended before it told its ports: " + command);
        }
    }

    private int port(String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\":(\\d+)").matcher(ports);
        if (!matcher.find()) {
            throw new IllegalStateException("no port " + name + " in " + ports);
        }
        return Integer.parseInt(matcher.group(1));
    }

    public int mysqlPort() {
        return port("mysql");
    }

    public String loadUrl() {
        return "127.0.0.1:" + port("fe");
    }

    public String jdbcUrl() {
        return "jdbc:mysql://127.0.0.1:" + mysqlPort();
    }

    /** What the control port says to {@code GET path}, as JSON. */
    public String control(String path) throws IOException {
        URI uri = URI.create("http://127.0.0.1:" + port("control") + path);
        try {
            return HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while asking the control port", e);
        }
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("the sandbox outlived its standard input");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
