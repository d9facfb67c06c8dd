package com.starrocks.connector.flink.connector;

import org.apache.flink.runtime.execution.Environment;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Arrays;

/**
 * Reads what an operator's runtime context knows and Flink's sink interfaces don't tell. By
 * reflection where it isn't public, or came or went between Flink 1.11 and 2.x; what can't be had
 * is left out.
 */
public final class RuntimeFacts {

    private static final Logger LOG = LoggerFactory.getLogger(RuntimeFacts.class);

    private RuntimeFacts() {}

    /** Sets what the context knows of the subtask. */
    public static void tell(WriterContext writer, StreamingRuntimeContext context) {
        writer.withTemporaryFolders(
                Arrays.asList(context.getTaskManagerRuntimeInfo().getTmpDirectories()));
        writer.withLineage(lineage(context, writer.attempt()));
        if (Boolean.FALSE.equals(callIfThere(context, "isCheckpointingEnabled"))) {
            writer.withoutCheckpointing();
        }
    }

    /** The runtime context inside the context that a sink is given; null if it isn't there. */
    public static StreamingRuntimeContext within(Object initContext) {
        for (Class<?> type = initContext.getClass(); type != null; type = type.getSuperclass()) {
            try {
                return (StreamingRuntimeContext) read(type, "runtimeContext", initContext);
            } catch (NoSuchFieldException e) {
                // Perhaps that of the class above.
            } catch (ReflectiveOperationException | RuntimeException e) {
                LOG.debug("The runtime context in {} is out of reach", type, e);
            }
        }
        return null;
    }

    /** Number of the attempt to run the subtask, from 0; 0 if Flink doesn't tell. */
    public static int attempt(StreamingRuntimeContext context) {
        Object attempt = context == null ? null : callIfThere(context, "getAttemptNumber");
        return attempt == null ? 0 : (int) attempt;
    }

    /**
     * What tells this operator's subtask, in this execution of the job, from all others there ever
     * were, and is the same in all attempts to run it; null where that can't be had. Since Flink
     * 1.16 an execution's id ends with {@code _} and the number of the attempt; before, it is
     * random.
     */
    static String lineage(StreamingRuntimeContext context, int attempt) {
        try {
            Environment environment =
                    (Environment) read(StreamingRuntimeContext.class, "taskEnvironment", context);
            String execution = environment.getExecutionId().toString();
            String ending = "_" + attempt;
            return execution.endsWith(ending)
                    ? execution.substring(0, execution.length() - ending.length())
                            + "/"
                            + context.getOperatorUniqueID()
                    : null;
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            LOG.debug("The execution's id is out of reach", e);
            return null;
        }
    }

    /** What the method returns; null if there is none. */
    public static Object callIfThere(Object target, String name) {
        if (target == null) {
            return null;
        }
        try {
            Method method = target.getClass().getMethod(name);
            return method.invoke(target);
        } catch (ReflectiveOperationException e) {
            LOG.debug("{} of {} is not there", name, target.getClass(), e);
            return null;
        }
    }

    private static Object read(Class<?> type, String name, Object object)
            throws ReflectiveOperationException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(object);
    }
}
