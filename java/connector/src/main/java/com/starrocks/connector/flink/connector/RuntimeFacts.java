package com.starrocks.connector.flink.connector;

import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
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

    /**
     * Whether a job takes a last checkpoint once its input has ended; until 1.19 the key ends with
     * {@code .enabled}. The client writes it into every task's configuration, where the task itself
     * looks it up; the default is that of 1.15 and later.
     */
    private static final ConfigOption<Boolean> LAST_CHECKPOINT =
            ConfigOptions.key("execution.checkpointing.checkpoints-after-tasks-finish")
                    .booleanType()
                    .defaultValue(true)
                    .withFallbackKeys(
                            "execution.checkpointing.checkpoints-after-tasks-finish.enabled");

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

    /**
     * Number of the attempt to run the subtask, from 0; 0 if Flink doesn't tell. The context itself
     * tells it up to Flink 1.20; what it says of the task, a class or an interface, since 1.19.
     */
    public static int attempt(StreamingRuntimeContext context) {
        Object attempt = callIfThere(context, "getAttemptNumber");
        if (attempt == null) {
            Object task = callIfThere(context, "getTaskInfo");
            attempt = task == null ? null : callIfThere(TaskInfo.class, task, "getAttemptNumber");
        }
        if (attempt == null && context != null) {
            LOG.warn(
                    "This Flink doesn't tell the number of a task's attempt: transactions that a"
                            + " killed attempt has left open stay open until the server's"
                            + " time-out");
        }
        return attempt == null ? 0 : (int) attempt;
    }

    /**
     * Whether a job that takes checkpoints takes one after the end of its input, with which Flink's
     * committers settle what is left.
     */
    public static boolean takesLastCheckpoint(StreamingRuntimeContext context) {
        try {
            return environment(context).getTaskConfiguration().get(LAST_CHECKPOINT);
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            LOG.warn(
                    "Whether the job takes a checkpoint after the end of its input can't be found"
                            + " out, so it is taken to be so. Don't set {} to false: with"
                            + " exactly-once, rows would be missing at the end.",
                    LAST_CHECKPOINT.key(),
                    e);
            return true;
        }
    }

    /**
     * What tells this operator's subtask, in this execution of the job, from all others there ever
     * were, and is the same in all attempts to run it; null where that can't be had. Since Flink
     * 1.16 an execution's id ends with {@code _} and the number of the attempt; before, it is
     * random.
     */
    static String lineage(StreamingRuntimeContext context, int attempt) {
        try {
            String execution = environment(context).getExecutionId().toString();
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

    private static Environment environment(StreamingRuntimeContext context)
            throws ReflectiveOperationException {
        return (Environment) read(StreamingRuntimeContext.class, "taskEnvironment", context);
    }

    /** What the method returns; null if there is none. */
    public static Object callIfThere(Object target, String name) {
        return target == null ? null : callIfThere(target.getClass(), target, name);
    }

    /**
     * What the method returns; null if there is none.
     *
     * @param type public, and has the method; the target's own class may be neither
     */
    static Object callIfThere(Class<?> type, Object target, String name) {
        try {
            Method method = type.getMethod(name);
            return method.invoke(target);
        } catch (ReflectiveOperationException e) {
            LOG.debug("{} of {} is not there", name, type, e);
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
