package com.starrocks.connector.flink.chaos;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Plays scenarios in some worker processes, says how far it is every few seconds, and closes with
 * one line: N passed, N failed, N skipped.
 */
final class Chaos {

    private static final long PROGRESS_SECONDS = 5;

    /** After so many failures one knows enough. */
    private static final int MAX_FAILURES = 20;

    private static final int LINES_SHOWN = 25;

    private final String sandbox;
    private final Path folder;
    private final List<Mode> modes;
    private final long from;
    private final long seeds;

    private final long start = System.nanoTime();
    private long next;
    private long passed;
    private long failed;
    private long restarts;
    private long leftToTimeOut;
    private long slowest;
    private String slowestName = "";

    private Chaos(String sandbox, Path folder, List<Mode> modes, long from, long seeds) {
        this.sandbox = sandbox;
        this.folder = folder;
        this.modes = modes;
        this.from = from;
        this.seeds = seeds;
    }

    /**
     * Plays {@code modes x seeds} scenarios.
     *
     * @param arguments the sandbox's binary, a folder for reports, modes with commas between them,
     *     the first seed, the number of seeds for each mode, the number of workers
     */
    public static void main(String[] arguments) throws Exception {
        List<Mode> modes = Arrays.stream(arguments[2].split(",")).map(Mode::of).toList();
        Chaos chaos =
                new Chaos(
                        arguments[0],
                        Path.of(arguments[1]),
                        modes,
                        Long.parseLong(arguments[3]),
                        Long.parseLong(arguments[4]));
        System.exit(chaos.run(Integer.parseInt(arguments[5])));
    }

    private int run(int workers) throws Exception {
        Files.createDirectories(folder);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            int number = i;
            Thread thread = new Thread(() -> work(number), "worker " + i);
            thread.start();
            threads.add(thread);
        }
        long said = System.nanoTime();
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                thread.join(200);
                if (System.nanoTime() - said > TimeUnit.SECONDS.toNanos(PROGRESS_SECONDS)) {
                    said = System.nanoTime();
                    progress();
                }
            }
        }
        progress();
        System.out.println(passed + " passed, " + failed + " failed, " + skipped() + " skipped");
        return failed == 0 && skipped() == 0 ? 0 : 1;
    }

    private long skipped() {
        return modes.size() * seeds - passed - failed;
    }

    private synchronized void progress() {
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                Locale.ROOT,
                "%.0f s: %d of %d scenarios, %d failed; %d restarts of jobs, %d transactions left"
                        + " to time out; %.2f s each, at most %.1f s (%s)%n",
                seconds,
                passed + failed,
                modes.size() * seeds,
                failed,
                restarts,
                leftToTimeOut,
                seconds / Math.max(1, passed + failed),
                slowest / 1e3,
                slowestName);
    }

    /** The next scenario as a worker is told of it, or null. */
    private synchronized String next() {
        if (next == modes.size() * seeds || failed >= MAX_FAILURES) {
            return null;
        }
        Mode mode = modes.get((int) (next % modes.size()));
        long seed = from + next / modes.size();
        next++;
        return mode + " " + seed;
    }

    private void work(int number) {
        try {
            String order = next();
            for (int process = 0; order != null; process++) {
                order = work(number, process, order);
            }
        } catch (IOException e) {
            System.out.println("worker " + number + ": " + e);
        }
    }

    /** Feeds one process until there is nothing more to do, or it ends; then the next order. */
    private String work(int number, int processNumber, String first) throws IOException {
        Path own = Files.createTempDirectory(folder, "worker-" + number + "-");
        Process process = start(own);
        String order = first;
        try (PrintStream orders =
                        new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
                BufferedReader answers =
                        new BufferedReader(
                                new InputStreamReader(
                                        process.getInputStream(), StandardCharsets.UTF_8))) {
            while (order != null) {
                orders.println(order);
                String answer = answers.readLine();
                note(order, answer, own);
                order = next();
                if (answer == null || answer.equals(Worker.HANGS)) {
                    break;
                }
            }
        } finally {
            process.destroy();
        }
        return order;
    }

    private Process start(Path own) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                Arrays.asList(System.getProperty("chaos.worker.options", "").trim().split(" +")));
        command.add("-Djava.io.tmpdir=" + own);
        command.add("-XX:ErrorFile=" + own.resolve("crash.log"));
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(Worker.class.getName());
        command.add(sandbox);
        command.add(own.toString());
        command.add(folder.toString());
        command.removeIf(String::isEmpty);
        File output = own.resolve("worker.log").toFile();
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(output))
                .start();
    }

    private synchronized void note(String order, String answer, Path own) throws IOException {
        if (answer != null && answer.startsWith("PASS")) {
            passed++;
            String[] fields = answer.split(" ");
            restarts += Long.parseLong(fields[2]);
            leftToTimeOut += Long.parseLong(fields[3]);
            if (Long.parseLong(fields[1]) > slowest) {
                slowest = Long.parseLong(fields[1]);
                slowestName = order;
            }
            return;
        }
        failed++;
        String[] scenario = order.split(" ");
        Path report = folder.resolve(scenario[0] + "-" + scenario[1] + ".txt");
        System.out.println("FAILED: mode " + scenario[0] + ", seed " + scenario[1]);
        if (answer == null && !Files.exists(report)) {
            System.out.println("  its process died; see " + own);
        } else {
            Files.readString(report)
                    .lines()
                    .limit(LINES_SHOWN)
                    .forEach(line -> System.out.println("  " + line));
            System.out.println("  steps, log and requests: " + report);
        }
        System.out.println(
                "  again: ./dev chaos --mode "
                        + scenario[0]
                        + " --from "
                        + scenario[1]
                        + " --seeds 1"
                        + (Operator.SINK_V2 ? " --sink-v2" : ""));
    }
}
