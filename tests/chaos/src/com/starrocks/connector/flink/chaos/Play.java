package com.starrocks.connector.flink.chaos;

import com.google.gson.JsonObject;
import com.starrocks.connector.flink.core.NativeSession;
import com.starrocks.connector.flink.core.StarRocksNativeException;
import com.starrocks.connector.flink.core.StarRocksNativeException.Code;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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

    /** Flink kills a TaskManager that doesn't cancel; users notice much sooner. */
    private static final int CLOSE_MS = 3_000;

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

    /** Something that happens to the job that runs now, some steps later. */
    private record Letter(int due, int restarts, String text, Act act) {}

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

    /** The version that a resumed job was given; null before. */
    private String version;

    /** Failures of the job that the server's faults still excuse. */
    private int excuses;

    private int restarts;
    private int restartsInARow;

    /** The runs of the job that have ended, oldest first. */
    private final List<Attempt> attempts = new ArrayList<>();

    private long attemptStartMillis;

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
        this.job = new Job(scenario, server.database(), plan(null), temporaryFolder.toString());
    }

    /** The sinks, with another version than the scenario's unless that is null. */
    private List<?> plan(String version) {
        Map<String, String> options = new HashMap<>(scenario.options());
        options.put("jdbc-url", server.jdbcUrl());
        options.put("load-url", server.loadUrl(scenario.followerFirst()));
        options.put("username", "root");
        options.put("password", "");
        if (version != null) {
            options.put("sink.version", version);
        }
        List<Object> planned = new ArrayList<>();
        for (Operator operator : scenario.operators()) {
            planned.add(operator.plan(server.database(), options));
        }
        return planned;
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
            guarded("open", () -> open(scenario.parallelism(), scenario.seed()));
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
        } else if (step instanceof Step.Pause pause) {
            Thread.sleep(pause.millis());
            guarded("a timer", job::tick);
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
        if (scenario.mode().exactlyOnce()) {
            verifier.nothingTooEarly(job.completedPositions());
        } else {
            verifier.nothingTooEarly(job.written());
            verifier.nothingMissing(job.completedPositions());
        }
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
        switch (step.fate()) {
            case COMPLETE:
                complete(checkpoint);
                later(step.later(), "complete " + id, () -> tellComplete(step, id));
                break;
            case COMPLETE_UNHEARD:
                complete(checkpoint);
                break;
            case COMPLETE_LATE:
                later(1 + step.later(), "the end of " + id, () -> completeLate(step, checkpoint));
                break;
            case DECLINED:
            case EXPIRED:
                trace.add("checkpoint " + id + " doesn't complete");
                later(step.later(), "aborted " + id, () -> tellAborted(step, id));
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

    private void completeLate(Step.Checkpoint step, Checkpoint checkpoint) throws Exception {
        if (job.isOvertaken(checkpoint)) {
            tellAborted(step, checkpoint.id());
        } else {
            complete(checkpoint);
            tellComplete(step, checkpoint.id());
        }
    }

    private void tellComplete(Step.Checkpoint step, long id) throws Exception {
        tell(step, "complete " + id, subtask -> subtask.completed(id));
    }

    private void tellAborted(Step.Checkpoint step, long id) throws Exception {
        tell(step, "aborted " + id, subtask -> subtask.aborted(id));
    }

    private void tell(Step.Checkpoint step, String text, Job.News news) throws Exception {
        trace.add("told " + step.hearing() + ": " + text);
        job.tell(new Random(step.order() + 1), step.hearing(), news);
    }

    /** Does something so many steps later, or at once, unless the job restarts before. */
    private void later(int steps, String text, Act act) throws Exception {
        if (steps == 0) {
            act.run();
        } else {
            letters.add(new Letter(now + steps, restarts, text, act));
        }
    }

    private void deliver() throws Exception {
        List<Letter> due = letters.stream().filter(letter -> letter.due() <= now).toList();
        letters.removeAll(due);
        for (Letter letter : due) {
            if (letter.restarts() == restarts) {
                guarded(letter.text(), letter.act());
            }
        }
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
        noteAttempt(true, false);
        if (step.version() != null) {
            version = step.version();
        }
        job.renew(plan(version));
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
        if (step.opening()) {
            stop(step.cut());
        }
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
            if (step.opening()) {
                open(step.parallelism(), step.order());
            }
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
        while (killer.isAlive()) {
            try {
                killer.join();
            } catch (InterruptedException e) {
                trace.add("interrupted too late");
            }
        }
        Thread.interrupted();
        failOver(step.parallelism(), step.cut(), step.order());
    }

    private void failOver(int parallelism, boolean cut, long order) throws Exception {
        stop(cut);
        if (excuses < Integer.MAX_VALUE) {
            // Nothing of the sessions that met the faults is left.
            excuses = 0;
        }
        reopen(parallelism, order);
    }

    /** Closes the subtasks as after a failure, with the server in reach or not. */
    private void stop(boolean cut) throws Exception {
        letters.clear();
        if (cut) {
            server.cut();
            trace.add("cut off");
        }
        long start = System.nanoTime();
        job.close();
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        if (millis > CLOSE_MS) {
            throw new Broken("closing after a failure took " + millis + " ms");
        }
        noteAttempt(false, cut || excuses > 0);
        if (cut) {
            server.heal();
        }
    }

    private void noteAttempt(boolean inOrder, boolean helpless) {
        attempts.add(new Attempt(attemptStartMillis, inOrder, helpless, job.recorded()));
    }

    /** No transaction is left open but those that nobody could end. */
    private void nothingOpen() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (true) {
            Map<String, JsonObject> open = server.openTransactions();
            leftToTimeOut = open.size();
            for (Server.Heard heard : server.heardOf(open.keySet())) {
                open.computeIfPresent(
                        heard.label(),
                        (label, transaction) -> mayBeOpen(heard, transaction) ? null : transaction);
            }
            if (open.isEmpty()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new Broken("left open: " + open.values());
            }
            Thread.sleep(20);
        }
    }

    private boolean mayBeOpen(Server.Heard heard, JsonObject transaction) {
        Attempt of = null;
        for (Attempt attempt : attempts) {
            if (attempt.startMillis() <= heard.firstMillis()) {
                of = attempt;
            }
        }
        boolean prepared = !transaction.get("state").getAsString().equalsIgnoreCase("PREPARE");
        return of != null && of.mayLeaveOpen(scenario.mode(), heard, prepared);
    }

    private void open(int parallelism, long order) throws Exception {
        if (excuses > 0 && !attempts.isEmpty()) {
            attempts.add(attempts.remove(attempts.size() - 1).withoutHeir());
        }
        attemptStartMillis = System.currentTimeMillis();
        job.open(parallelism, order);
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
        guarded("open", () -> open(parallelism, order));
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
        switch (Operator.SINK_V2 && scenario.end() == Scenario.End.FINISH
                ? Scenario.End.FINISH_AND_CHECKPOINT // Which always comes.
                : scenario.end()) {
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
        noteAttempt(true, false);
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
            List<Path> left = new ArrayList<>(files.filter(Files::isRegularFile).toList());
            left.addAll(openFiles());
            if (!left.isEmpty()) {
                throw new Broken("after closing, these files are left: " + left);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Files of the folder that this process has open, though they may have no name any more. */
    private List<Path> openFiles() throws IOException {
        List<Path> open = new ArrayList<>();
        try (DirectoryStream<Path> descriptors =
                Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    Path file = Files.readSymbolicLink(descriptor);
                    if (file.startsWith(temporaryFolder.toAbsolutePath())) {
                        open.add(file);
                    }
                } catch (NoSuchFileException e) {
                    // Closed by now: the one that lists the folder.
                }
            }
        }
        return open;
    }
}
