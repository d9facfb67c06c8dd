package com.starrocks.connector.flink.flink111;

import org.apache.flink.streaming.api.functions.sink.SinkFunction;
import org.apache.flink.streaming.api.operators.AbstractUdfStreamOperator;

/**
 * Tells why a sink function is being closed.
 *
 * <p>Since Flink 1.14 the end of the input is {@code SinkFunction.finish()}, and {@code close()}
 * only frees. Before, {@code close()} is all there is: Flink's operator calls it from its own
 * {@code close()} at the end of the input, and from its {@code dispose()} after a failure or
 * cancellation. Nothing passed to the function tells the two apart, but the stack does.
 */
final class EndOfInput {

    private static final boolean HAS_FINISH = hasFinish();

    private EndOfInput() {}

    private static boolean hasFinish() {
        try {
            SinkFunction.class.getMethod("finish");
            return true;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    /** Whether the {@code close()} that calls this stands for the end of the input. */
    static boolean isReachedByClosing() {
        return !HAS_FINISH && !isDisposed(Thread.currentThread().getStackTrace());
    }

    static boolean isDisposed(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            if (frame.getMethodName().equals("dispose")
                    && frame.getClassName().equals(AbstractUdfStreamOperator.class.getName())) {
                return true;
            }
        }
        return false;
    }
}
