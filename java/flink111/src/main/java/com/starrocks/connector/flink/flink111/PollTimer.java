package com.starrocks.connector.flink.flink111;

import com.starrocks.connector.flink.connector.StarRocksWriter;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;
import org.apache.flink.streaming.runtime.tasks.ProcessingTimeService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.Future;

/**
 * Polls about once a second, in the thread that also calls the sink function: Flink runs timers
 * there. So the failure of a load shows, and rows are loaded by age, when no rows come.
 *
 * <p>The timer's callback is an interface that Flink 1.14 moved to another package, hence the
 * reflection.
 */
final class PollTimer {

    private static final Logger LOG = LoggerFactory.getLogger(PollTimer.class);

    private final ProcessingTimeService service;
    private final Method register;
    private final Poll poll;
    private final Object callback;

    private volatile boolean stopped;
    private Future<?> next;

    private PollTimer(ProcessingTimeService service, Method register, Poll poll) {
        this.service = service;
        this.register = register;
        this.poll = poll;
        Class<?> type = register.getParameterTypes()[1];
        this.callback =
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (proxy, method, arguments) -> call(method, arguments));
    }

    /** Starts polling; null if the context has no timers, as outside of a streaming task. */
    static PollTimer start(RuntimeContext context, Poll poll) {
        if (!(context instanceof StreamingRuntimeContext)) {
            LOG.debug("No timers in {}: rows themselves poll for failures", context.getClass());
            return null;
        }
        try {
            PollTimer timer =
                    new PollTimer(
                            ((StreamingRuntimeContext) context).getProcessingTimeService(),
                            registerTimer(),
                            poll);
            timer.schedule();
            return timer;
        } catch (ReflectiveOperationException | LinkageError e) {
            LOG.debug("This Flink has other timers: rows themselves poll for failures", e);
            return null;
        }
    }

    private static Method registerTimer() throws NoSuchMethodException {
        for (Method method : ProcessingTimeService.class.getMethods()) {
            if (method.getName().equals("registerTimer")
                    && method.getParameterCount() == 2
                    && method.getParameterTypes()[1].isInterface()) {
                return method;
            }
        }
        throw new NoSuchMethodException("ProcessingTimeService.registerTimer");
    }

    /** One timer at a time, so that none pile up behind a thread that is busy. */
    private void schedule() throws ReflectiveOperationException {
        long at = service.getCurrentProcessingTime() + StarRocksWriter.POLL_INTERVAL_MS;
        try {
            next = (Future<?>) register.invoke(service, at, callback);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException) {
                throw (RuntimeException) e.getCause();
            }
            throw e;
        }
    }

    private Object call(Method method, Object[] arguments) throws Exception {
        switch (method.getName()) {
            case "toString":
                return "poll of " + poll;
            case "hashCode":
                return System.identityHashCode(this);
            case "equals":
                return arguments[0] == callback;
            default:
                if (!stopped) {
                    poll.run();
                    schedule();
                }
                return null;
        }
    }

    /** Stops polling. */
    void stop() {
        stopped = true;
        if (next != null) {
            next.cancel(false);
        }
    }

    /** What is done each time. */
    interface Poll {

        void run() throws Exception;
    }
}
