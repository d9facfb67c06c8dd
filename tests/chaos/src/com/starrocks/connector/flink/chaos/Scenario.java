package com.starrocks.connector.flink.chaos;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Everything about a scenario that doesn't depend on the timing of threads. The same seed draws the
 * same one.
 *
 * @param options of the sinks, but for addresses
 * @param followerFirst whether the FE named first is a follower
 * @param end how the job ends after the last step
 */
record Scenario(
        Mode mode,
        long seed,
        List<Table> tables,
        List<Operator> operators,
        Source source,
        int parallelism,
        Map<String, String> options,
        boolean followerFirst,
        List<Step> steps,
        End end) {

    /** How a job ends. */
    enum End {
        /** Stop with savepoint. */
        SAVEPOINT,
        /** The input ends, and a last checkpoint completes. */
        FINISH_AND_CHECKPOINT,
        /** The input ends, and no checkpoint comes any more. */
        FINISH
    }

    static Scenario draw(Mode mode, long seed) {
        return new Drawing(mode, seed).scenario();
    }

    private static final class Drawing {

        private static final int BULK = 500_000;

        private final Mode mode;
        private final long seed;
        private final Random random;
        private final List<Table> tables = new ArrayList<>();
        private boolean bulky;
        private boolean slow;

        Drawing(Mode mode, long seed) {
            this.mode = mode;
            this.seed = seed;
            this.random = new Random(Source.mix(seed * Mode.values().length + mode.ordinal()));
        }

        Scenario scenario() {
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                tables.add(new Table(tables.size(), random.nextBoolean()));
            }
            List<Operator> operators = operators();
            // More than the memory bound, now and then: batches spill, transactions are prepared
            // early.
            bulky = chance(60);
            // Batches age and transactions run out of time, now and then.
            slow = chance(40);
            Source source =
                    new Source(
                            random.nextLong(),
                            1 + random.nextInt(4),
                            tables,
                            bulky ? BULK : chance(4) ? 1000 : 40);
            int parallelism = parallelism();
            Map<String, String> options = options();
            if (bulky) {
                options.put("sink.buffer.max-memory", "" + (16 << 20));
                options.put("sink.socket.timeout-ms", "5000");
            }
            if (slow) {
                options.put("sink.buffer-flush.interval-ms", "1000");
                options.put("sink.properties.timeout", "" + (1 + random.nextInt(2)));
            }
            boolean followerFirst = chance(3);
            return new Scenario(
                    mode,
                    seed,
                    tables,
                    operators,
                    source,
                    parallelism,
                    options,
                    followerFirst,
                    steps(),
                    End.values()[random.nextInt(End.values().length)]);
        }

        private boolean chance(int oneIn) {
            return random.nextInt(oneIn) == 0;
        }

        private int parallelism() {
            return 1 + random.nextInt(3);
        }

        /** One sink for all tables, or one for each. */
        private List<Operator> operators() {
            boolean json = random.nextBoolean();
            boolean oneKind =
                    tables.stream().allMatch(t -> t.primaryKey() == tables.get(0).primaryKey());
            if (chance(2) && (json || oneKind)) {
                return List.of(new Operator(tables, true, json));
            }
            List<Operator> operators = new ArrayList<>();
            for (Table table : tables) {
                operators.add(new Operator(List.of(table), chance(4), random.nextBoolean()));
            }
            return operators;
        }

        private Map<String, String> options() {
            Map<String, String> options = new TreeMap<>();
            options.put("sink.connect.timeout-ms", "" + (100 + random.nextInt(200)));
            options.put("sink.socket.timeout-ms", "" + (250 + random.nextInt(250)));
            options.put("sink.wait-for-continue.timeout-ms", "3000");
            options.put("sink.max-retries", "" + random.nextInt(5));
            options.put("sink.retry.interval-ms", "" + random.nextInt(20));
            options.put("sink.io.thread-count", "" + (1 + random.nextInt(3)));
            if (!chance(3)) {
                options.put("sink.chunk-limit", "" + (100 << random.nextInt(8)));
            }
            if (chance(2)) {
                options.put("sink.buffer.max-memory", "" + (16 << 20));
            }
            if (chance(2)) {
                options.put("sink.label-prefix", "chaos");
            }
            switch (mode) {
                case ALO:
                    options.put("sink.semantic", "at-least-once");
                    if (chance(3)) {
                        options.put("sink.at-least-once.use-transaction-stream-load", "true");
                    }
                    break;
                case V1:
                    options.put("sink.semantic", "exactly-once");
                    options.put("sink.version", "V1");
                    break;
                default:
                    options.put("sink.semantic", "exactly-once");
                    options.put("sink.version", chance(2) ? "AUTO" : "V2");
            }
            return options;
        }

        private List<Step> steps() {
            List<Step> steps = new ArrayList<>();
            // Some scenarios have a healthy server: there the sink has no excuse to fail.
            boolean faults = !chance(5);
            for (int n = 5 + random.nextInt(16); n > 0; n--) {
                steps.addAll(step(faults));
            }
            return steps;
        }

        private List<Step> step(boolean faults) {
            int kind = random.nextInt(100);
            if (kind < 30) {
                return List.of(new Step.Write(1 + random.nextInt(bulky || chance(3) ? 60 : 12)));
            }
            if (kind < 38) {
                return List.of(new Step.Poll());
            }
            if (kind < 63) {
                return checkpoint();
            }
            if (kind < 68) {
                return List.of(
                        new Step.FailOver(parallelism(), random.nextBoolean(), random.nextLong()));
            }
            if (kind < 72) {
                return List.of(
                        new Step.Resume(
                                parallelism(), random.nextBoolean(), version(), random.nextLong()));
            }
            if (kind < 74) {
                return List.of(
                        new Step.FalseEnd(parallelism(), random.nextBoolean(), random.nextLong()));
            }
            if (kind < 78) {
                return List.of(
                        new Step.Kill(
                                chance(4),
                                random.nextBoolean(),
                                random.nextInt(chance(2) ? 3_000 : 30_000),
                                parallelism(),
                                random.nextBoolean(),
                                random.nextLong()));
            }
            if (kind < 82) {
                return List.of(slow ? new Step.Pause(200 + random.nextInt(1000)) : new Step.Look());
            }
            if (!faults) {
                return List.of(new Step.Write(1 + random.nextInt(12)));
            }
            if (kind < 94) {
                return List.of(new Step.Faults(ServerFaults.draw(mode, tables, random)));
            }
            switch (random.nextInt(4)) {
                case 0:
                    return List.of(new Step.Outage(port(), 10 + random.nextInt(150)));
                case 1:
                    return List.of(new Step.Reset());
                case 2:
                    return List.of(new Step.ChangeLeader());
                default:
                    return List.of(new Step.Calm());
            }
        }

        /** State is taken up by either version. */
        private String version() {
            return mode.exactlyOnce() && chance(3) ? (chance(2) ? "V1" : "V2") : null;
        }

        private String port() {
            String[] ports = {"fe", "follower0", "be0", "be1", "be", null};
            return ports[random.nextInt(ports.length)];
        }

        private List<Step> checkpoint() {
            Step.Fate fate =
                    chance(2)
                            ? Step.Fate.COMPLETE
                            : Step.Fate.values()[random.nextInt(Step.Fate.values().length)];
            Step.Hearing hearing =
                    chance(2)
                            ? Step.Hearing.ALL
                            : Step.Hearing.values()[random.nextInt(Step.Hearing.values().length)];
            Step.Checkpoint checkpoint =
                    new Step.Checkpoint(
                            fate,
                            hearing,
                            chance(3) ? random.nextInt(10) : 0,
                            chance(3) ? random.nextInt(4) : 0,
                            random.nextLong());
            if (chance(4)) {
                return Arrays.asList(
                        checkpoint,
                        new Step.FailOver(parallelism(), random.nextBoolean(), random.nextLong()));
            }
            return List.of(checkpoint);
        }
    }
}
