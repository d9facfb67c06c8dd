package com.starrocks.connector.flink.connector;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What Flink tells a subtask of the sink, without the classes that differ among its versions. */
public final class WriterContext {

    private final MetricGroup metrics;
    private final String jobId;
    private final int subtask;
    private final int attempt;
    private List<String> temporaryFolders = Collections.emptyList();
    private boolean checkpointing = true;
    private String lineage;
    private Counter recordsOut;
    private Counter bytesOut;

    /**
     * A context.
     *
     * @param metrics the operator's metric group
     * @param jobId the job's id; goes into load labels
     * @param subtask number of the subtask, from 0
     * @param attempt number of the attempt, from 0
     */
    public WriterContext(MetricGroup metrics, String jobId, int subtask, int attempt) {
        this.metrics = metrics;
        this.jobId = jobId;
        this.subtask = subtask;
        this.attempt = attempt;
    }

    /** Sets the folders that Flink has for temporary files. */
    public WriterContext withTemporaryFolders(List<String> folders) {
        this.temporaryFolders = Collections.unmodifiableList(new ArrayList<>(folders));
        return this;
    }

    /**
     * Sets what tells the operator's subtask from all others there ever were, and is the same in
     * all attempts to run it: a later attempt finds by it what an earlier one left open. Null where
     * Flink doesn't tell.
     */
    public WriterContext withLineage(String name) {
        this.lineage = name;
        return this;
    }

    String lineage() {
        return lineage;
    }

    /** Says that the job takes no checkpoints. */
    public WriterContext withoutCheckpointing() {
        this.checkpointing = false;
        return this;
    }

    /**
     * Sets Flink's own counters of what the operator sends on, which the web interface shows; null
     * where Flink doesn't give them out. The thread that uses the writer increments them.
     */
    public WriterContext withOutputCounters(Counter records, Counter bytes) {
        this.recordsOut = records;
        this.bytesOut = bytes;
        return this;
    }

    MetricGroup metrics() {
        return metrics;
    }

    String jobId() {
        return jobId;
    }

    int subtask() {
        return subtask;
    }

    int attempt() {
        return attempt;
    }

    List<String> temporaryFolders() {
        return temporaryFolders;
    }

    boolean isCheckpointing() {
        return checkpointing;
    }

    Counter recordsOut() {
        return recordsOut;
    }

    Counter bytesOut() {
        return bytesOut;
    }
}
