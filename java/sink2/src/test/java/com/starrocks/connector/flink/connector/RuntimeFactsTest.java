package com.starrocks.connector.flink.connector;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotNull;

import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;
import org.junit.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** What is read of the runtime context of a job that runs. */
public class RuntimeFactsTest {

    private static void run(Configuration configuration) throws Exception {
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "2");
        configuration.setString("restart-strategy.fixed-delay.delay", "0 s");
        Facts.clear();
        StreamExecutionEnvironment flink =
                StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
        flink.enableCheckpointing(60_000);
        flink.fromSequence(1, 1).map(new Facts()).print();
        flink.execute();
    }

    /** By number and lineage, an attempt finds what earlier ones have left. */
    @Test
    public void attemptsAreToldApartAndOfOneLineage() throws Exception {
        run(new Configuration());
        assertEquals(Arrays.asList(0, 1, 2), Facts.ATTEMPTS);
        assertNotNull(Facts.LINEAGES.get(0));
        assertEquals(Collections.nCopies(3, Facts.LINEAGES.get(0)), Facts.LINEAGES);
        assertEquals(Collections.nCopies(3, true), Facts.LAST_CHECKPOINTS);
    }

    /** Under the key of old, which Flink since 1.20 knows besides its own. */
    @Test
    public void whetherACheckpointFollowsTheEndIsTold() throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString(
                "execution.checkpointing.checkpoints-after-tasks-finish.enabled", "false");
        run(configuration);
        assertEquals(Collections.nCopies(3, false), Facts.LAST_CHECKPOINTS);
    }

    /** Writes down what it is told, and fails in the first two attempts. */
    private static final class Facts extends RichMapFunction<Long, Long> {

        private static final long serialVersionUID = 1L;

        static final List<Integer> ATTEMPTS = new ArrayList<>();
        static final List<String> LINEAGES = new ArrayList<>();
        static final List<Boolean> LAST_CHECKPOINTS = new ArrayList<>();

        static void clear() {
            ATTEMPTS.clear();
            LINEAGES.clear();
            LAST_CHECKPOINTS.clear();
        }

        @Override
        public Long map(Long number) {
            StreamingRuntimeContext context = (StreamingRuntimeContext) getRuntimeContext();
            int attempt = RuntimeFacts.attempt(context);
            WriterContext writer =
                    new WriterContext(new UnregisteredMetricsGroup(), "", 0, attempt);
            RuntimeFacts.tell(writer, context);
            ATTEMPTS.add(attempt);
            LINEAGES.add(writer.lineage());
            LAST_CHECKPOINTS.add(RuntimeFacts.takesLastCheckpoint(context));
            if (ATTEMPTS.size() < 3) {
                throw new IllegalStateException("as the test wants it");
            }
            return number;
        }
    }
}
