package org.apache.flink.streaming.runtime.tasks;

import java.util.concurrent.Callable;

/**
 * The frame of Flink's task in which it closes its operators at an orderly end. The sink finds on
 * the stack whether it is in there, by these names; an operator harness has no task, so this one is
 * put around a call. A class loader of its own keeps it apart from Flink's class.
 */
public final class StreamTask implements Callable<Void> {

    private final Callable<Void> body;

    /** A frame around some code. */
    public StreamTask(Callable<Void> body) {
        this.body = body;
    }

    @Override
    public Void call() throws Exception {
        return afterInvoke();
    }

    private Void afterInvoke() throws Exception {
        return body.call();
    }
}
