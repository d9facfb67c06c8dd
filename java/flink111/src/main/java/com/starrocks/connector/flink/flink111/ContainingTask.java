package com.starrocks.connector.flink.flink111;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;
import org.apache.flink.streaming.runtime.tasks.StreamTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Method;
import java.util.OptionalLong;

/**
 * What a sink function has to know about the end of its task and Flink doesn't tell functions. Seen
 * in the sources of Flink 1.11 to 1.20, where all of it has these names:
 *
 * <ul>
 *   <li>At an orderly end operators are closed inside {@code StreamTask.afterInvoke}; after a
 *       cancellation or failure, elsewhere.
 *   <li>A job that is stopped with a savepoint ends in order as well. Up to 1.14 its sources may
 *       emit rows after the savepoint's barrier until they notice, and the sinks get those: they
 *       are not in the savepoint, and a job resumed from it reads them again.
 * </ul>
 *
 * <p>Outside of a real task, as in Flink's test harnesses, and on a Flink with other names, the
 * answers are those that lose no rows.
 */
final class ContainingTask {

    private static final Logger LOG = LoggerFactory.getLogger(ContainingTask.class);

    private static final String STREAM_TASK = StreamTask.class.getName();

    private final StreamTask<?, ?> task;

    private ContainingTask(StreamTask<?, ?> task) {
        this.task = task;
    }

    /** The task in which the function with this context runs. */
    static ContainingTask of(RuntimeContext context) {
        return new ContainingTask(find(context));
    }

    private static StreamTask<?, ?> find(RuntimeContext context) {
        if (!(context instanceof StreamingRuntimeContext)) {
            return null;
        }
        try {
            Object environment = read(StreamingRuntimeContext.class, "taskEnvironment", context);
            Object task = read(environment.getClass(), "containingTask", environment);
            return (StreamTask<?, ?>) read(task.getClass(), "invokable", task);
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            LOG.debug("The sink's task is out of reach", e);
            return null;
        }
    }

    /** Whether the {@code close()} that calls this belongs to an orderly end. */
    static boolean isClosingInOrder() {
        return isClosingInOrder(Thread.currentThread().getStackTrace());
    }

    static boolean isClosingInOrder(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            if (frame.getMethodName().equals("afterInvoke")
                    && frame.getClassName().equals(STREAM_TASK)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether the job stops with this checkpoint, to be resumed from it: rows that come after it
     * don't count. Asked while the checkpoint is taken.
     *
     * <p>Not so with {@code --drain}, which makes the savepoint the end of the input. False if it
     * can't be found out.
     */
    boolean stopsWith(long checkpoint) {
        if (task == null) {
            return false;
        }
        try {
            Method method = StreamTask.class.getDeclaredMethod("getSynchronousSavepointId");
            OptionalLong savepoint = (OptionalLong) opened(method).invoke(task);
            return savepoint.isPresent() && savepoint.getAsLong() == checkpoint && !isDraining();
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            LOG.debug("Whether the job is being stopped can't be found out", e);
            return false;
        }
    }

    /** Up to Flink 1.13; later, draining ends the input before the savepoint is taken. */
    private boolean isDraining() throws ReflectiveOperationException {
        Object chain = read(StreamTask.class, "operatorChain", task);
        try {
            return !(boolean) read(chain.getClass(), "ignoreEndOfInput", chain);
        } catch (NoSuchFieldException e) {
            return false;
        }
    }

    private static Object read(Class<?> type, String name, Object object)
            throws ReflectiveOperationException {
        return opened(type.getDeclaredField(name)).get(object);
    }

    private static <M extends AccessibleObject> M opened(M member) {
        member.setAccessible(true);
        return member;
    }
}
