package com.starrocks.connector.flink.chaos;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A scenario's part of the sandbox: its database, its faults, and outages that end by themselves.
 */
final class Server implements AutoCloseable {

    private static final List<String> HTTP = List.of("fe", "follower0", "be");
    private static final int QUIET_MS = 5_000;

    private final Sandbox sandbox;
    private final String database;
    private final Trace trace;
    private final ScheduledExecutorService clock =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        Thread thread = new Thread(task, "outages");
                        thread.setDaemon(true);
                        return thread;
                    });
    private Future<?> end;

    Server(Sandbox sandbox, String database, Trace trace) throws SQLException {
        this.sandbox = sandbox;
        this.database = database;
        this.trace = trace;
        sandbox.calm();
        sandbox.control("DELETE", "/stats", null);
        sandbox.execute("CREATE DATABASE " + database);
    }

    String database() {
        return database;
    }

    String loadUrl(boolean followerFirst) {
        return followerFirst
                ? sandbox.follower() + ";" + sandbox.leader()
                : sandbox.leader() + ";" + sandbox.follower();
    }

    String jdbcUrl() {
        return "jdbc:mysql://127.0.0.1:" + sandbox.mysql();
    }

    void create(Table table) throws SQLException {
        sandbox.execute(table.ddl(database));
    }

    void inject(JsonArray faults) {
        sandbox.control("POST", "/faults", faults);
    }

    void calm() {
        sandbox.calm();
        heal();
    }

    void reset() {
        HTTP.forEach(port -> sandbox.order("reset", port));
    }

    void changeLeader() {
        JsonObject order = new JsonObject();
        order.addProperty("change_leader", true);
        sandbox.control("POST", "/control", order);
    }

    /** Takes the HTTP ports down, until {@link #heal}. */
    void cut() {
        heal();
        HTTP.forEach(port -> sandbox.order("stop", port));
    }

    /** Takes some of them down, and up again after a while; null for all. */
    void outage(String port, int millis) {
        heal();
        List<String> ports = port == null ? HTTP : List.of(port);
        ports.forEach(name -> sandbox.order("stop", name));
        end =
                clock.schedule(
                        () -> {
                            ports.forEach(name -> sandbox.order("start", name));
                            trace.add("the outage is over");
                        },
                        millis,
                        TimeUnit.MILLISECONDS);
    }

    /** Takes all ports up. */
    void heal() {
        if (end != null) {
            end.cancel(false);
            end = null;
        }
        HTTP.forEach(port -> sandbox.order("start", port));
    }

    /** Waits until the server has done with all connections; they are to be closed by now. */
    void awaitQuiet() throws InterruptedException, Broken {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(QUIET_MS);
        for (String busy; (busy = busy()) != null; Thread.sleep(2)) {
            if (System.nanoTime() > deadline) {
                throw new Broken("all subtasks are closed, but not all connections to " + busy);
            }
        }
    }

    private String busy() {
        JsonObject ports = stats().getAsJsonObject("ports");
        for (Map.Entry<String, JsonElement> port : ports.entrySet()) {
            boolean http = HTTP.stream().anyMatch(name -> port.getKey().startsWith(name));
            if (http && port.getValue().getAsJsonObject().get("connections").getAsInt() > 0) {
                return port.getKey();
            }
        }
        return null;
    }

    /** The transactions that are neither visible nor aborted, as the server tells, by label. */
    Map<String, JsonObject> openTransactions() {
        Map<String, JsonObject> open = new TreeMap<>();
        for (JsonElement element : sandbox.control("GET", "/transactions", null).getAsJsonArray()) {
            JsonObject transaction = element.getAsJsonObject();
            // Without a state only a BE knows it still, which no client can reach by then.
            if (database.equals(transaction.get("db").getAsString())
                    && !transaction.get("state").isJsonNull()) {
                open.put(transaction.get("label").getAsString(), transaction);
            }
        }
        return open;
    }

    /**
     * What the server heard of a label.
     *
     * @param firstMillis when it first did, in milliseconds since 1970
     * @param rollback whether it was asked to roll it back
     * @param lateBegin whether it was still at a begin when it was asked for the last other thing:
     *     the client had given that begin up, and nobody knows of what it began
     */
    record Heard(String label, long firstMillis, boolean rollback, boolean lateBegin) {}

    /** What it heard of these labels. */
    List<Heard> heardOf(Set<String> labels) {
        Map<String, List<JsonObject>> requests = new TreeMap<>();
        for (JsonElement element : labels.isEmpty() ? new JsonArray() : log()) {
            JsonObject request = element.getAsJsonObject();
            for (JsonElement header : request.getAsJsonArray("headers")) {
                String value = header.getAsJsonArray().get(1).getAsString();
                if (labels.contains(value)) {
                    requests.computeIfAbsent(value, label -> new ArrayList<>()).add(request);
                }
            }
        }
        List<Heard> heard = new ArrayList<>();
        requests.forEach(
                (label, of) -> {
                    long last = millis(of.get(of.size() - 1), "at_ms");
                    boolean rollback = false;
                    boolean lateBegin = false;
                    for (JsonObject request : of) {
                        rollback |= isFor(request, "rollback");
                        lateBegin |= isFor(request, "begin") && millis(request, "done_ms") > last;
                    }
                    // The last one is late for nobody.
                    lateBegin &= !isFor(of.get(of.size() - 1), "begin");
                    heard.add(new Heard(label, millis(of.get(0), "at_ms"), rollback, lateBegin));
                });
        return heard;
    }

    private static boolean isFor(JsonObject request, String operation) {
        return request.get("target").getAsString().endsWith("/" + operation);
    }

    private static long millis(JsonObject request, String when) {
        return request.get(when).getAsLong();
    }

    private JsonObject stats() {
        return sandbox.control("GET", "/stats", null).getAsJsonObject();
    }

    /** The requests of this scenario. */
    JsonArray log() {
        return stats().getAsJsonArray("log");
    }

    List<String[]> select(String sql) throws SQLException {
        return sandbox.select(sql);
    }

    @Override
    public void close() throws SQLException {
        clock.shutdownNow();
        heal();
        sandbox.calm();
        sandbox.execute("DROP DATABASE " + database);
    }
}
