package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.core.LoadReport;
import com.starrocks.connector.flink.core.LogLevel;
import com.starrocks.connector.flink.core.SessionListener;

import org.slf4j.Logger;

/** Passes what a session tells on to the log and to the metrics. */
final class WriterEvents implements SessionListener {

    private final Logger log;

    /** Set before the first event, which a session has only once it is used. */
    private SinkMetrics metrics;

    WriterEvents(Logger log) {
        this.log = log;
    }

    void measure(SinkMetrics sinkMetrics) {
        metrics = sinkMetrics;
    }

    void update() {
        metrics.update();
    }

    @Override
    public void log(LogLevel level, String text) {
        switch (level) {
            case DEBUG:
                log.debug(text);
                break;
            case INFO:
                log.info(text);
                break;
            case WARN:
                log.warn(text);
                break;
            default:
                log.error(text);
        }
    }

    @Override
    public void loadFinished(LoadReport report) {
        metrics.loadFinished(report);
    }

    @Override
    public void handedOver(long nanos) {
        metrics.handedOver(nanos);
    }
}
