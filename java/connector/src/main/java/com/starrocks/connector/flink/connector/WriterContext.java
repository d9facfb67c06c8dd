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
    private String role;
    private Counter recordsSent;
    private Counter bytesSent;
    private Counter sendErrors;

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

    /**
     * Says that a committer settles what checkpoints cover: the writer hands it over and forgets
     * it.
     */
    public WriterContext withCommitter() {
        this.role = "writer";
        return this;
    }

    /** Says that this is that committer. */
    WriterContext asCommitter() {
        this.role = "committer";
        return this;
    }

    /** What the native session is part of: null for the whole of a sink. */
    String role() {
        return role;
    }

    /**
     * Sets the counters of Flink's standard sink metrics, where the metric group has them already;
     * the thread that uses the writer increments them.
     */
    public WriterContext withSendCounters(Counter records, Counter bytes, Counter errors) {
        this.recordsSent = records;
        this.bytesSent = bytes;
        this.sendErrors = errors;
        return this;
    }

    Counter recordsSent() {
        return recordsSent;
    }

    Counter bytesSent() {
        return bytesSent;
    }

    Counter sendErrors() {
        return sendErrors;
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
