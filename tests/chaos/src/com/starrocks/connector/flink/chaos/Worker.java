package com.starrocks.connector.flink.chaos;

import com.google.gson.JsonElement;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process that plays scenarios, one after the other, against a sandbox of its own. It reads lines
 * {@code MODE SEED} and answers {@code PASS MILLIS RESTARTS TRANSACTIONS} or {@code FAIL}, having
 * written what there is to say to a file.
 */
final class Worker {

    /** The answer of a process that ends, since its scenario doesn't. */
    static final String HANGS = "FAIL, IT HANGS";

    /** A scenario that takes longer hangs. */
    private static final long LIMIT_SECONDS = 60;

    /** What takes longer is worth a look. */
    private static final long SLOW_MILLIS = 10_000;

    /** How much of what is logged in a scenario is kept. */
    private static final int LOG_BYTES = 4 << 20;

    private final Sandbox sandbox;
    private final Path folder;
    private final PrintStream answers;
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();

    private Worker(Sandbox sandbox, Path folder, PrintStream answers) {
        this.sandbox = sandbox;
        this.folder = folder;
        this.answers = answers;
    }

    /**
     * Runs until standard input ends.
     *
     * @param arguments the sandbox's binary, the worker's own folder, and the one for reports
     */
    public static void main(String[] arguments) throws Exception {
        Path own = Path.of(arguments[1]);
        File sandboxLog = own.resolve("sandbox.log").toFile();
        try (Sandbox sandbox = Sandbox.start(arguments[0], sandboxLog)) {
            new Worker(sandbox, Path.of(arguments[2]), System.out).serve(own);
        }
        // Flink's harness leaves threads behind.
        System.exit(0);
    }

    private void serve(Path own) throws Exception {
        // The logger writes to whatever System.err is; kept for the report of a failure.
        System.setErr(new PrintStream(new Bounded(log), true, StandardCharsets.UTF_8));
        System.setOut(System.err);
        BufferedReader orders =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int number = 0;
        for (String line; (line = orders.readLine()) != null; ) {
            String[] order = line.split(" ");
            Path temporary = Files.createDirectory(own.resolve("tmp" + number));
            play(Mode.of(order[0]), Long.parseLong(order[1]), "chaos" + number++, temporary);
            Files.deleteIfExists(temporary);
        }
    }

    private void play(Mode mode, long seed, String database, Path temporary) throws Exception {
        log.reset();
        Trace trace = new Trace();
        Scenario scenario = Scenario.draw(mode, seed);
        Thread watch = watch(scenario, trace);
        long start = System.nanoTime();
        try (Server server = new Server(sandbox, database, trace)) {
            Play play;
            try {
                play = new Play(scenario, server, temporary, trace);
                play.run();
            } catch (Throwable e) {
                watch.interrupt();
                report(scenario, trace, what(e), serverSide(server));
                answers.println("FAIL");
                return;
            }
            watch.interrupt();
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            if (millis > SLOW_MILLIS) {
                report(scenario, trace, "passed in " + millis + " ms", serverSide(server));
            }
            answers.println("PASS " + millis + " " + play.restarts() + " " + play.leftToTimeOut());
        }
    }

    /** Ends the process when a scenario doesn't. */
    private Thread watch(Scenario scenario, Trace trace) {
        Thread watch =
                new Thread(
                        () -> {
                            try {
                                TimeUnit.SECONDS.sleep(LIMIT_SECONDS);
                            } catch (InterruptedException e) {
                                return;
                            }
                            try {
                                report(scenario, trace, "it hangs\n" + stacks(), "");
                            } catch (IOException e) {
                                trace.add(e.toString());
                            }
                            answers.println(HANGS);
                            Runtime.getRuntime().halt(1);
                        },
                        "watch");
        watch.setDaemon(true);
        watch.start();
        return watch;
    }

    private static String stacks() {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<Thread, StackTraceElement[]> thread :
                Thread.getAllStackTraces().entrySet()) {
            text.append(thread.getKey()).append('\n');
            for (StackTraceElement frame : thread.getValue()) {
                text.append("    ").append(frame).append('\n');
            }
        }
        return text.toString();
    }

    private static String what(Throwable e) {
        StringWriter text = new StringWriter();
        if (e instanceof Broken) {
            text.append(e.getMessage()).append('\n');
        }
        e.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }

    private static String serverSide(Server server) {
        StringBuilder text = new StringBuilder("\n--- The server's loads\n");
        try {
            for (String[] load :
                    server.select(
                            "SELECT txn_id, tbl, label, state, `rows`, begin_ms, end_ms, reason"
                                    + " FROM sandbox.ledger WHERE db = '"
                                    + server.database()
                                    + "' ORDER BY seq")) {
                text.append(String.join(" ", load)).append('\n');
            }
            text.append("\n--- The server's requests\n");
            for (JsonElement request : server.log()) {
                text.append(request).append('\n');
            }
        } catch (Exception e) {
            text.append(e);
        }
        return text.toString();
    }

    private void report(Scenario scenario, Trace trace, String what, String serverSide)
            throws IOException {
        Path file = folder.resolve(scenario.mode() + "-" + scenario.seed() + ".txt");
        Files.writeString(
                file,
                what
                        + "\n--- The scenario\n"
                        + scenario.tables()
                        + "\n"
                        + scenario.operators()
                        + "\n"
                        + scenario.options()
                        + "\nfollower first: "
                        + scenario.followerFirst()
                        + ", partitions: "
                        + scenario.source().partitions()
                        + ", parallelism: "
                        + scenario.parallelism()
                        + "\n\n--- What happened\n"
                        + trace
                        + "\n--- The sink's log\n"
                        + log.toString(StandardCharsets.UTF_8)
                        + serverSide);
    }

    /** Keeps the first bytes. */
    private static final class Bounded extends java.io.OutputStream {

        private final ByteArrayOutputStream out;

        Bounded(ByteArrayOutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) {
            if (out.size() < LOG_BYTES) {
                out.write(b);
            }
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            if (out.size() < LOG_BYTES) {
                out.write(bytes, from, length);
            }
        }
    }
}
