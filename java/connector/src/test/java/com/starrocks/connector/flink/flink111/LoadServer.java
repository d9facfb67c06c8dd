package com.starrocks.connector.flink.flink111;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * An FE that redirects loads to a BE, and a BE that takes them, keeps their lines and says whatever
 * the test wants. Knows nothing but plain stream loads.
 */
final class LoadServer implements AutoCloseable {

    /** What the BE does with a load. */
    enum Mode {
        TAKE,
        REFUSE,
        HANG
    }

    final List<String> lines = Collections.synchronizedList(new ArrayList<>());

    /** Open once a load hangs. */
    final CountDownLatch hanging = new CountDownLatch(1);

    volatile Mode mode = Mode.TAKE;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer frontend = start();
    private final HttpServer backend = start();

    LoadServer() throws IOException {
        frontend.createContext("/", this::redirect);
        backend.createContext("/", this::load);
    }

    private HttpServer start() throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.start();
        return server;
    }

    String loadUrl() {
        return "127.0.0.1:" + frontend.getAddress().getPort();
    }

    private void redirect(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders()
                .set(
                        "Location",
                        "http://127.0.0.1:"
                                + backend.getAddress().getPort()
                                + exchange.getRequestURI());
        exchange.sendResponseHeaders(307, -1);
        exchange.close();
    }

    private void load(HttpExchange exchange) throws IOException {
        if (mode == Mode.HANG) {
            hanging.countDown();
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        List<String> received = Arrays.asList(read(exchange.getRequestBody()).split("\n"));
        boolean taken = mode == Mode.TAKE;
        if (taken) {
            lines.addAll(received);
        }
        String reply =
                "{\"TxnId\":1,\"Label\":\""
                        + exchange.getRequestHeaders().getFirst("label")
                        + "\",\"Status\":\""
                        + (taken ? "Success" : "Fail")
                        + "\",\"Message\":\""
                        + (taken ? "OK" : "too many filtered rows")
                        + "\",\"NumberTotalRows\":"
                        + received.size()
                        + ",\"NumberLoadedRows\":"
                        + (taken ? received.size() : 0)
                        + ",\"NumberFilteredRows\":0,\"NumberUnselectedRows\":0,"
                        + "\"LoadBytes\":1,\"LoadTimeMs\":1}";
        byte[] bytes = reply.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static String read(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            out.write(buffer, 0, n);
        }
        return new String(out.toByteArray(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        closed.countDown();
        frontend.stop(0);
        backend.stop(0);
        threads.shutdownNow();
    }
}
