package com.starrocks.connector.flink.chaos;

import com.google.gson.JsonArray;

/** What happens next in a scenario. {@link Play} does it. */
sealed interface Step {

    /** Rows of the partitions in turn. */
    record Write(int rows) implements Step {}

    /** A second of processing time goes by. */
    record Poll() implements Step {}

    /** What becomes of a checkpoint. */
    enum Fate {
        /** It completes. */
        COMPLETE,
        /** It completes, but no subtask hears of it. */
        COMPLETE_UNHEARD,
        /** Not all subtasks take their snapshot. */
        DECLINED,
        /** All do, but it doesn't complete: it expired, or another one overtook it. */
        EXPIRED,
        /** It completes some steps later, unless one after it or a failure comes first. */
        COMPLETE_LATE,
        /** It completes as a savepoint, of which subtasks don't hear, and the job goes on. */
        SAVEPOINT
    }

    /** Who hears of it. */
    enum Hearing {
        ALL,
        SOME,
        TWICE,
        NONE
    }

    /**
     * A checkpoint.
     *
     * @param between rows that subtasks take after their own snapshot and before the next one's
     * @param later steps until its end is heard of
     * @param order of the subtasks, a seed
     */
    record Checkpoint(Fate fate, Hearing hearing, int between, int later, long order)
            implements Step {}

    /**
     * The job fails and restarts from the last completed checkpoint.
     *
     * @param parallelism from then on
     * @param cut whether nothing that the subtasks send while they end arrives, as when their
     *     process is killed
     */
    record FailOver(int parallelism, boolean cut, long order) implements Step {}

    /**
     * Stop with savepoint, and a new job from it.
     *
     * @param drain whether the operators are finished before
     * @param version the new job's {@code sink.version}; null to leave it
     */
    record Resume(int parallelism, boolean drain, String version, long order) implements Step {}

    /**
     * The input ends, but the job fails before its last checkpoint completes.
     *
     * @param snapshot whether it fails after that was taken
     */
    record FalseEnd(int parallelism, boolean snapshot, long order) implements Step {}

    /**
     * A failure from outside, so many microseconds from now.
     *
     * @param opening whether while the job restarts from its last completed checkpoint; else while
     *     rows are written and a checkpoint is taken
     * @param interrupt whether by an interrupt of the task's thread, as Flink cancels; else the
     *     native session of one subtask is cancelled
     */
    record Kill(
            boolean opening,
            boolean interrupt,
            int afterMicros,
            int parallelism,
            boolean cut,
            long order)
            implements Step {}

    /** Nothing happens for a while, but that timers fire at its end. */
    record Pause(int millis) implements Step {}

    /** Faults of the server, each for a few requests. */
    record Faults(JsonArray faults) implements Step {}

    /** No faults any more. */
    record Calm() implements Step {}

    /**
     * A part of the server can't be reached for a while.
     *
     * @param port name of the port, or null for all
     */
    record Outage(String port, int millis) implements Step {}

    /** All connections to the server break. */
    record Reset() implements Step {}

    /** The FEs change their leader. */
    record ChangeLeader() implements Step {}

    /** What is visible is compared with what may be. */
    record Look() implements Step {}
}
