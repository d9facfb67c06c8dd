package com.starrocks.connector.flink.chaos;

import com.google.gson.JsonObject;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.StarRocksNativeException;
import com.starrocks.connector.flink.core.StarRocksNativeException.Code;

import org.apache.flink.streaming.api.functions.sink.SinkFunction;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Plays a scenario: does its steps, restarts the job when it fails, and checks what came of it. */
final class Play {

    /** Restarts in a row that don't get any further. */
    private static final int MAX_RESTARTS = 30;

    /** What may come of a server's faults; the other codes are mistakes of the sink. */
    private static final Set<Code> EXCUSABLE =
            EnumSet.of(
                    Code.LOAD,
                    Code.CONNECT,
                    Code.TIMEOUT,
                    Code.CANCELLED,
                    Code.CLOSED,
                    Code.UNDECIDED);

    /** Something a subtask is told some steps after it happened. */
    private record Letter(int due, long order, Step.Hearing hearing, String text, Job.News news) {}

    private interface Act {
        void run() throws Exception;
    }

    private final Scenario scenario;
    private final Server server;
    private final Trace trace;
    private final Path temporaryFolder;
    private final Verifier verifier;
    private final Job job;

    private final List<Letter> letters = new ArrayList<>();
    private int now;

    /** Failures of the job that the server's faults still excuse. */
    private int excuses;

    private int restarts;
    private int restartsInARow;

    /** Transactions that were open when their session had ended; whether nobody could help it. */
    private final Map<Long, Boolean> orphans = new HashMap<>();

    private int leftToTimeOut;

    Play(Scenario scenario, Server server, Path temporaryFolder, Trace trace) throws Exception {
        this.scenario = scenario;
        this.server = server;
        this.trace = trace;
        this.temporaryFolder = temporaryFolder;
        this.verifier = new Verifier(scenario, server);
        for (Table table : scenario.tables()) {
            server.create(table);
        }
        Map<String, String> options = new HashMap<>(scenario.options());
        options.put("jdbc-url", server.jdbcUrl());
        options.put("load-url", server.loadUrl(scenario.followerFirst()));
        options.put("username", "root");
        options.put("password", "");
        List<SinkFunction<Object>> planned = new ArrayList<>();
        for (Operator operator : scenario.operators()) {
            planned.add(operator.plan(server.database(), options));
        }
        this.job = new Job(scenario, server.database(), planned, temporaryFolder.toString());
    }

    /** How often the job was restarted, by steps or by failing. */
    int restarts() {
        return restarts;
    }

    /**
     * Transactions left open for the server to time out, of sessions that could neither roll them
     * back nor be found in a checkpoint.
     */
    int leftToTimeOut() {
        return leftToTimeOut;
    }

    /** Plays it all. */
    void run() throws Exception {
        try {
            guarded("open", () -> job.open(scenario.parallelism(), scenario.seed()));
            for (Step step : scenario.steps()) {
                trace.add(now + ". " + step);
                deliver();
                act(step);
                now++;
            }
            end();
            verifier.complete(job.positions());
            nothingOpen();
        } finally {
            // After a Broken the subtasks are still there.
            job.close();
        }
    }

    private void act(Step step) throws Exception {
        if (step instanceof Step.Write write) {
            guarded("writing", () -> job.write(write.rows()));
        } else if (step instanceof Step.Poll) {
            guarded("a timer", job::tick);
        } else if (step instanceof Step.Checkpoint checkpoint) {
            guarded("checkpoint", () -> checkpoint(checkpoint));
        } else if (step instanceof Step.FailOver failOver) {
            failOver(failOver.parallelism(), failOver.cut(), failOver.order());
        } else if (step instanceof Step.Resume resume) {
            guarded("stop with savepoint", () -> resume(resume));
        } else if (step instanceof Step.FalseEnd end) {
            guarded("end of input", () -> falseEnd(end));
        } else if (step instanceof Step.Kill kill) {
            kill(kill);
        } else if (step instanceof Step.Faults faults) {
            server.inject(faults.faults());
            excuses = Integer.MAX_VALUE;
        } else if (step instanceof Step.Calm) {
            calm();
        } else if (step instanceof Step.Outage outage) {
            server.outage(outage.port(), outage.millis());
            excuses = Integer.MAX_VALUE;
        } else if (step instanceof Step.Reset) {
            server.reset();
            excuses = Math.max(excuses, 1);
        } else if (step instanceof Step.ChangeLeader) {
            server.changeLeader();
            excuses = Math.max(excuses, 1);
        } else if (step instanceof Step.Look) {
            look();
        } else {
            throw new AssertionError(step);
        }
    }

    private void calm() {
        server.calm();
        // What struck before may show only now.
        excuses = Math.min(excuses, 1);
    }

    private void look() throws Exception {
        verifier.nothingTooEarly(
                scenario.mode().exactlyOnce() ? job.completedPositions() : job.written());
    }

    // --- Checkpoints

    private void checkpoint(Step.Checkpoint step) throws Exception {
        Random random = new Random(step.order());
        int parts =
                step.fate() == Step.Fate.DECLINED
                        ? random.nextInt(job.parallelism())
                        : job.parallelism();
        Checkpoint checkpoint = job.snapshot(random, step.between(), parts);
        long id = checkpoint.id();
        Step.Hearing hearing = step.hearing();
        switch (step.fate()) {
            case COMPLETE:
                complete(checkpoint);
                letter(step, hearing, "complete " + id, subtask -> subtask.completed(id));
                break;
            case COMPLETE_UNHEARD:
                complete(checkpoint);
                break;
            case DECLINED:
            case EXPIRED:
                trace.add("checkpoint " + id + " doesn't complete");
                letter(step, hearing, "aborted " + id, subtask -> subtask.aborted(id));
                break;
            default:
                trace.add("checkpoint " + id + " is a savepoint");
        }
    }

    private void complete(Checkpoint checkpoint) {
        job.complete(checkpoint);
        restartsInARow = 0;
        trace.add(
                "checkpoint "
                        + checkpoint.id()
                        + " is complete, up to "
                        + Arrays.toString(checkpoint.positions()));
    }

    private void letter(Step.Checkpoint step, Step.Hearing hearing, String text, Job.News news)
            throws Exception {
        Letter letter = new Letter(now + step.later(), step.order() + 1, hearing, text, news);
        if (step.later() == 0) {
            deliver(letter);
        } else {
            letters.add(letter);
        }
    }

    private void deliver() throws Exception {
        List<Letter> due = letters.stream().filter(letter -> letter.due() <= now).toList();
        letters.removeAll(due);
        for (Letter letter : due) {
            guarded(letter.text(), () -> deliver(letter));
        }
    }

    private void deliver(Letter letter) throws Exception {
        trace.add("told " + letter.hearing() + ": " + letter.text());
        job.tell(new Random(letter.order()), letter.hearing(), letter.news());
    }

    private void checkpointToAll() throws Exception {
        checkpoint(
                new Step.Checkpoint(Step.Fate.COMPLETE, Step.Hearing.ALL, 0, 0, scenario.seed()));
    }

    // --- Ends of the job, and restarts

    private void resume(Step.Resume step) throws Exception {
        if (step.drain()) {
            job.finish();
        }
        checkpointToAll();
        job.end();
        job.renew();
        reopen(step.parallelism(), step.order());
    }

    private void falseEnd(Step.FalseEnd step) throws Exception {
        job.finish();
        if (step.snapshot()) {
            job.snapshot(new Random(step.order()), 0, job.parallelism());
        }
        failOver(step.parallelism(), false, step.order());
    }

    private void kill(Step.Kill step) throws Exception {
        Random random = new Random(step.order());
        Thread task = Thread.currentThread();
        Thread killer =
                new Thread(
                        () -> {
                            try {
                                TimeUnit.MICROSECONDS.sleep(step.afterMicros());
                                trace.add("killed");
                                if (step.interrupt()) {
                                    task.interrupt();
                                } else {
                                    job.cancelOne(random);
                                }
                            } catch (InterruptedException | ReflectiveOperationException e) {
                                trace.add("killing failed: " + e);
                            }
                        },
                        "killer");
        killer.start();
        try {
            job.write(10);
            job.tick();
            checkpointToAll();
            job.write(10);
            job.tick();
        } catch (Broken e) {
            throw e;
        } catch (Exception | Error e) {
            trace.add("it dies: " + shown(e));
            requireExcusable("kill", e);
        }
        boolean interrupted = false;
        while (killer.isAlive()) {
            try {
                killer.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        // The killer's interrupt may have come too late to strike.
        Thread.interrupted();
        trace.add(interrupted ? "interrupted after all" : "the killer is done");
        failOver(step.parallelism(), step.cut(), step.order());
    }

    private void failOver(int parallelism, boolean cut, long order) throws Exception {
        letters.clear();
        if (cut) {
            server.cut();
            trace.add("cut off");
        }
        job.close();
        noteOrphans(cut);
        if (cut) {
            server.heal();
        }
        if (excuses < Integer.MAX_VALUE) {
            // Nothing of the sessions that met the faults is left.
            excuses = 0;
        }
        reopen(parallelism, order);
    }

    /**
     * A transaction that no completed checkpoint leads to is unknown to the sessions after its own.
     * That one rolls back what isn't prepared, if the server can be reached; with exactly-once it
     * must leave alone what is, since the checkpoint may complete behind it.
     */
    private void noteOrphans(boolean cut) {
        boolean helpless = cut || excuses > 0;
        server.openTransactions()
                .forEach(
                        (id, transaction) -> {
                            boolean prepared =
                                    scenario.mode().exactlyOnce()
                                            && !transaction
                                                    .get("state")
                                                    .getAsString()
                                                    .equalsIgnoreCase("PREPARE");
                            boolean unknown =
                                    !scenario.mode().exactlyOnce()
                                            || !job.isRecorded(
                                                    transaction.get("label").getAsString());
                            orphans.putIfAbsent(id, unknown && (helpless || prepared));
                        });
    }

    /** No transaction is left open but those that nobody could end. */
    private void nothingOpen() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (true) {
            Map<Long, JsonObject> open = server.openTransactions();
            leftToTimeOut = open.size();
            open.keySet().removeIf(id -> orphans.getOrDefault(id, false));
            if (open.isEmpty()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new Broken("left open: " + open.values());
            }
            Thread.sleep(20);
        }
    }

    private void reopen(int parallelism, long order) throws Exception {
        nothingLeft();
        if (!scenario.mode().exactlyOnce()) {
            // A load that outlives its session would put older rows on newer ones.
            server.awaitQuiet();
        }
        if (scenario.mode().exactlyOnce()) {
            look();
        }
        restarts++;
        guarded("open", () -> job.open(parallelism, order));
        trace.add("runs again, " + parallelism + " subtasks");
    }

    /** What fails, fails the job, which is restarted. */
    private void guarded(String what, Act act) throws Exception {
        try {
            act.run();
        } catch (Broken e) {
            throw e;
        } catch (Exception | Error e) {
            trace.add(what + " failed: " + shown(e));
            requireExcusable(what, e);
            if (excuses == 0) {
                throw new Broken(what + " failed, though the server is well", e);
            }
            if (excuses < Integer.MAX_VALUE) {
                excuses--;
            }
            if (++restartsInARow > MAX_RESTARTS) {
                throw new Broken("restarts without end", e);
            }
            failOver(job.parallelism(), false, restarts);
        }
    }

    private static void requireExcusable(String what, Throwable e) throws Broken {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof InterruptedException
                    || cause instanceof StarRocksNativeException
                            && EXCUSABLE.contains(((StarRocksNativeException) cause).code())) {
                return;
            }
        }
        throw new Broken(what + " failed in an unlawful way", e);
    }

    private static String shown(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String text = String.valueOf(cause);
        return text.length() > 600 ? text.substring(0, 600) + "..." : text;
    }

    private void end() throws Exception {
        trace.add("the end: " + scenario.end());
        letters.clear();
        calm();
        // Rows that a subtask couldn't load before fail the job here, if at all.
        for (int i = 0; i < 3; i++) {
            guarded("checkpoint", this::checkpointToAll);
        }
        excuses = 0;
        job.catchUp();
        job.write(7);
        switch (scenario.end()) {
            case SAVEPOINT:
                checkpointToAll();
                break;
            case FINISH_AND_CHECKPOINT:
                job.finish();
                checkpointToAll();
                break;
            default:
                job.finish();
        }
        job.end();
        nothingLeft();
    }

    /** Nothing of the closed subtasks is left in this process or on its disk. */
    private void nothingLeft() throws Broken {
        long sessions = NativeSession.liveSessions();
        long threads = NativeSession.liveThreads();
        long bytes = NativeSession.liveBytes();
        if (sessions != 0 || threads != 0 || bytes != 0) {
            throw new Broken(
                    "after closing, "
                            + sessions
                            + " sessions, "
                            + threads
                            + " threads and "
                            + bytes
                            + " bytes are alive");
        }
        try (Stream<Path> files = Files.walk(temporaryFolder)) {
            List<File> left = files.map(Path::toFile).filter(File::isFile).toList();
            if (!left.isEmpty()) {
                throw new Broken("after closing, these files are left: " + left);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
