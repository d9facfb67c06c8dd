package com.starrocks.connector.flink.chaos;

import org.apache.flink.api.common.JobID;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The job: its source, the subtasks of its sinks, and what the job manager knows of checkpoints.
 *
 * <p>Partition p of the source is read by subtask p modulo the parallelism, of each sink. What a
 * subtask throws comes out of these methods; the job is to be closed and opened again then.
 */
final class Job {

    private final Scenario scenario;
    private final String database;
    private final String temporaryFolder;

    private List<?> planned;

    private JobID id = new JobID();
    private Execution execution;
    private final List<OperatorID> operatorIds = new ArrayList<>();

    /** By operator and index; null where not open. */
    private Subtask[][] subtasks = new Subtask[0][];

    private int parallelism;
    private long[] positions;
    private final long[] written;
    private int turn;
    private long time;
    private long lastCheckpoint;
    private Checkpoint completed;

    /** Tables that the subtasks which are open know. */
    private final Set<String> known = new HashSet<>();

    /** Those that a completed checkpoint of theirs knows. */
    private final Set<String> recorded = new HashSet<>();

    Job(Scenario scenario, String database, List<?> planned, String temporaryFolder) {
        this.scenario = scenario;
        this.database = database;
        this.planned = planned;
        this.temporaryFolder = temporaryFolder;
        this.positions = new long[scenario.source().partitions()];
        this.written = positions.clone();
        planned.forEach(sink -> operatorIds.add(new OperatorID()));
    }

    /** Opens all subtasks with the state of the last completed checkpoint. */
    void open(int parallelism, long order) throws Exception {
        if (execution == null || parallelism != this.parallelism) {
            execution = Subtask.newExecution();
        } else {
            execution.again();
        }
        this.parallelism = parallelism;
        known.clear();
        recorded.clear();
        subtasks = new Subtask[planned.size()][parallelism];
        positions = completed == null ? new long[positions.length] : completed.positions().clone();
        for (int index : shuffled(new Random(order))) {
            for (int operator = 0; operator < planned.size(); operator++) {
                Subtask subtask =
                        Subtask.of(
                                planned.get(operator),
                                id,
                                operatorIds.get(operator),
                                execution,
                                temporaryFolder,
                                parallelism,
                                index);
                subtasks[operator][index] = subtask;
                subtask.open(state(operator, index), completed == null ? 0 : completed.id());
                if (!scenario.operators().get(operator).raw()) {
                    for (Table table : scenario.operators().get(operator).tables()) {
                        known.add(Checkpoint.known(table, index));
                    }
                }
            }
        }
    }

    private OperatorSubtaskState[] state(int operator, int index) throws Exception {
        return completed == null
                ? null
                : Subtask.part(completed.states()[operator], parallelism, index);
    }

    private List<Integer> shuffled(Random random) {
        List<Integer> indices = new ArrayList<>(IntStream.range(0, parallelism).boxed().toList());
        Collections.shuffle(indices, random);
        return indices;
    }

    int parallelism() {
        return parallelism;
    }

    /** Up to where the partitions have ever been read. */
    long[] written() {
        return written;
    }

    /** Where the partitions are being read. */
    long[] positions() {
        return positions;
    }

    /** Up to where the last completed checkpoint reaches. */
    long[] completedPositions() {
        return completed == null ? new long[positions.length] : completed.positions();
    }

    /** The next rows, of the partitions in turn. */
    void write(int rows) throws Exception {
        for (int i = 0; i < rows; i++) {
            writeOne(turn++ % positions.length);
        }
    }

    private void writeOne(int partition) throws Exception {
        Row row = scenario.source().row(partition, positions[partition]);
        written[partition] = Math.max(written[partition], positions[partition] + 1);
        for (int operator = 0; operator < planned.size(); operator++) {
            Operator sink = scenario.operators().get(operator);
            if (sink.takes(row)) {
                known.add(
                        Checkpoint.known(
                                scenario.tables().get(row.table()), partition % parallelism));
                subtasks[operator][partition % parallelism].process(sink.element(database, row));
            }
        }
        positions[partition]++;
    }

    /** All rows that were ever read are read again. */
    void catchUp() throws Exception {
        for (int partition = 0; partition < positions.length; partition++) {
            while (positions[partition] < written[partition]) {
                writeOne(partition);
            }
        }
    }

    private void writeTo(int index, int rows) throws Exception {
        for (int i = 0; i < rows; i++) {
            int partition = index + i * parallelism % Math.max(parallelism, positions.length);
            if (partition < positions.length) {
                writeOne(partition);
            }
        }
    }

    /** A second goes by. */
    void tick() throws Exception {
        time += 1000;
        for (Subtask[] operator : subtasks) {
            for (Subtask subtask : operator) {
                subtask.time(time);
            }
        }
    }

    /**
     * Takes a checkpoint and says its id; it is not completed yet.
     *
     * @param between rows that a subtask takes after its own snapshot and before the next one's
     * @param parts how many subtasks take part
     */
    Checkpoint snapshot(Random random, int between, int parts) throws Exception {
        long checkpoint = ++lastCheckpoint;
        OperatorSubtaskState[][][] states = new OperatorSubtaskState[planned.size()][parallelism][];
        long[] at = positions.clone();
        Set<String> knownThen = new HashSet<>(known);
        for (int index : shuffled(random).subList(0, parts)) {
            for (int partition = index; partition < at.length; partition += parallelism) {
                at[partition] = positions[partition];
            }
            for (int operator = 0; operator < planned.size(); operator++) {
                states[operator][index] = subtasks[operator][index].snapshot(checkpoint);
            }
            writeTo(index, between);
        }
        return new Checkpoint(checkpoint, states, at, knownThen);
    }

    /** Whether a later one than this has completed. */
    boolean isOvertaken(Checkpoint checkpoint) {
        return completed != null && completed.id() > checkpoint.id();
    }

    /** From now on the job would be restored from this. */
    void complete(Checkpoint checkpoint) {
        completed = checkpoint;
        recorded.addAll(checkpoint.known());
    }

    /**
     * Parts of the labels that a completed checkpoint of the subtasks which are open leads to. A
     * sink whose rows name their tables learns of a table by its first row.
     */
    Set<String> recorded() {
        return Set.copyOf(recorded);
    }

    /** What one subtask hears. */
    interface News {
        void tell(Subtask subtask) throws Exception;
    }

    /** Tells subtasks, in some order. */
    void tell(Random random, Step.Hearing hearing, News news) throws Exception {
        List<Subtask> all = new ArrayList<>();
        for (Subtask[] operator : subtasks) {
            Collections.addAll(all, operator);
        }
        Collections.shuffle(all, random);
        int hearers =
                switch (hearing) {
                    case NONE -> 0;
                    case SOME -> random.nextInt(all.size());
                    default -> all.size();
                };
        for (Subtask subtask : all.subList(0, hearers)) {
            news.tell(subtask);
            if (hearing == Step.Hearing.TWICE) {
                news.tell(subtask);
            }
        }
    }

    /** The input ends. */
    void finish() throws Exception {
        for (Subtask[] operator : subtasks) {
            for (Subtask subtask : operator) {
                subtask.finish();
            }
        }
    }

    /** Closes all in order, with what belongs to their end. */
    void end() throws Exception {
        for (Subtask[] operator : subtasks) {
            for (int i = 0; i < operator.length; i++) {
                operator[i].end();
                operator[i] = null;
            }
        }
    }

    /** Has the native session of one subtask cancelled, from any thread. */
    void cancelOne(Random random) throws ReflectiveOperationException {
        Subtask[] operator = subtasks[random.nextInt(subtasks.length)];
        Subtask subtask = operator[random.nextInt(operator.length)];
        if (subtask != null) {
            subtask.cancel();
        }
    }

    /** Closes what is open; all of it, whatever closing one of them throws. */
    void close() throws Broken {
        Exception first = null;
        for (Subtask[] operator : subtasks) {
            for (int i = 0; i < operator.length; i++) {
                try {
                    if (operator[i] != null) {
                        operator[i].close();
                        operator[i] = null;
                    }
                } catch (Exception e) {
                    first = first == null ? e : first;
                }
            }
        }
        subtasks = new Subtask[0][];
        if (first != null) {
            throw new Broken("closing failed", first);
        }
    }

    /** What runs from now on is another job, restored from this one's savepoint. */
    void renew(List<?> sinks) {
        id = new JobID();
        execution = null;
        planned = sinks;
    }
}
