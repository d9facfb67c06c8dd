package com.starrocks.connector.flink.chaos;

import java.util.Set;

/**
 * A run of the job's subtasks, from opening to closing them.
 *
 * @param startMillis when they were opened, in milliseconds since 1970
 * @param inOrder whether they ended with all they had
 * @param helpless whether the server may have been out of reach when they were closed
 * @param recorded parts of the labels that a completed checkpoint of theirs leads to
 */
record Attempt(long startMillis, boolean inOrder, boolean helpless, Set<String> recorded) {

    /** The same, where the run after it met faults of the server when it tidied up. */
    Attempt withoutHeir() {
        return new Attempt(startMillis, inOrder, true, Set.of());
    }

    /**
     * Whether a transaction of this run may be left open, until the server ends it. That is so if
     * no completed checkpoint leads to it, for then the sessions of later runs don't know it; and
     * if its own session couldn't roll it back, or did so in vain, or, once it was prepared for a
     * checkpoint, must not, since that may complete behind it.
     *
     * @param heard what the server heard of it. It may begin a transaction after it was asked to
     *     roll it back, when a session was cancelled while it began it; and, in any run, after it
     *     rolled back the one of the next try to begin it
     * @param prepared whether it is prepared
     */
    boolean mayLeaveOpen(Mode mode, Server.Heard heard, boolean prepared) {
        if (heard.lateBegin() && heard.rollback() && !prepared) {
            return true;
        }
        if (inOrder) {
            return false;
        }
        boolean lost = helpless || prepared || heard.rollback();
        return lost
                && (!mode.exactlyOnce() || recorded.stream().noneMatch(heard.label()::contains));
    }
}
