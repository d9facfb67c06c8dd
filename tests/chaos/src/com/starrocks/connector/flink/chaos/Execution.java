package com.starrocks.connector.flink.chaos;

import org.apache.flink.api.common.TaskInfoImpl;
import org.apache.flink.runtime.executiongraph.ExecutionAttemptID;
import org.apache.flink.runtime.executiongraph.ExecutionGraphID;
import org.apache.flink.runtime.jobgraph.JobVertexID;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.runtime.scheduler.strategy.ExecutionVertexID;

import java.lang.reflect.Field;

/**
 * An execution of the job's graph, which counts the attempts to run it: what Flink 1.16 and later
 * make the id of a subtask's attempt from. Older Flinks lack these classes.
 */
final class Execution {

    private final ExecutionGraphID graph = new ExecutionGraphID();
    private int attempt;

    /** Another attempt to run the same. */
    void again() {
        attempt++;
    }

    /** Lets the subtask's environment tell which attempt it is. */
    void stamp(MockEnvironment environment, JobVertexID vertex, int parallelism, int index)
            throws ReflectiveOperationException {
        set(
                environment,
                "executionAttemptID",
                new ExecutionAttemptID(graph, new ExecutionVertexID(vertex, index), attempt));
        set(
                environment,
                "taskInfo",
                new TaskInfoImpl("sink", Subtask.MAX_PARALLELISM, index, parallelism, attempt));
    }

    private static void set(MockEnvironment environment, String name, Object value)
            throws ReflectiveOperationException {
        Field field = MockEnvironment.class.getDeclaredField(name);
        field.setAccessible(true);
        field.set(environment, value);
    }
}
