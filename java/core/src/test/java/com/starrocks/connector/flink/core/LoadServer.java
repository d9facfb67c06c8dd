package com.starrocks.connector.flink.core;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An FE that redirects every stream load to its one BE, and that BE, which takes it. */
public final class LoadServer implements AutoCloseable {

    private final List<String> bodies = Collections.synchronizedList(new ArrayList<>());
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer frontend;
    private final HttpServer backend;

    /** Listens on free ports of the loopback interface. */
    public LoadServer() throws IOException {
        frontend = serve(this::redirect);
        backend = serve(this::take);
    }

    private HttpServer serve(HttpHandler handler) throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/api/", handler);
        server.start();
        return server;
    }

    private static String address(HttpServer server) {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    private void redirect(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders()
                .add("Location", "http://" + address(backend) + exchange.getRequestURI());
        exchange.sendResponseHeaders(307, -1);
        exchange.close();
    }

    private void take(HttpExchange exchange) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        byte[] bytes = new byte[8192];
        try (InputStream in = exchange.getRequestBody()) {
            for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
                body.write(bytes, 0, n);
            }
        }
        bodies.add(new String(body.toByteArray(), StandardCharsets.UTF_8));
        String label = exchange.getRequestHeaders().getFirst("label");
        byte[] reply =
                ("{\"TxnId\":1,\"Label\":\""
                                + label
                                + "\",\"Status\":\"Success\",\"Message\":\"OK\"}")
                        .getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, reply.length);
        exchange.getResponseBody().write(reply);
        exchange.close();
    }

    /** The FE's host and port. */
    public String address() {
        return address(frontend);
    }

    /** The bodies of all loads so far, one after the other. */
    public String loaded() {
        return String.join("", bodies);
    }

    /** Settings of a session that loads into such a server, in the zone UTC. */
    public static PairsWriter config(String loadUrl) {
        return new PairsWriter()
                .put("load-url", loadUrl)
                .put("jdbc-url", "jdbc:mysql://127.0.0.1:1")
                .put("username", "root")
                .put("password", "secret")
                .put("sink.connect.timeout-ms", 2000)
                .put("sink.socket.timeout-ms", 5000)
                .put("sink.wait-for-continue.timeout-ms", 3000)
                .put("sink.io.thread-count", 2)
                .put("sink.chunk-limit", 3L << 30)
                .put("sink.buffer-flush.max-bytes", 64 << 20)
                .put("sink.buffer-flush.max-rows", 64000)
                .put("sink.buffer-flush.interval-ms", 300000)
                .put("sink.buffer.max-memory", 128 << 20)
                .put("sink.max-retries", 0)
                .put("sink.retry.interval-ms", 100)
                .put("sink.redirect.host-mapping", "")
                .put("sink.tls.ca-file", "")
                .put("sink.label-prefix", "")
                .put("sink.sanitize-error-log", false)
                .put("context.job-id", "00000000000000000000000000000001")
                .put("context.subtask", 0)
                .put("context.attempt", 0)
                .put("context.zone-transitions", ZoneTransitions.encode(ZoneId.of("UTC")));
    }

    @Override
    public void close() {
        frontend.stop(0);
        backend.stop(0);
        threads.shutdownNow();
    }
}
