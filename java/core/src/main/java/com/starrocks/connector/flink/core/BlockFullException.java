package com.starrocks.connector.flink.core;

/**
 * Signals that the row being encoded doesn't fit what is left of the block. It is control flow, not
 * a failure: {@link NativeSession#write} rolls the row back, makes room and encodes it again.
 *
 * <p>There is one instance, without a stack trace, since it is thrown once a block.
 */
public final class BlockFullException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    static final BlockFullException INSTANCE = new BlockFullException();

    private BlockFullException() {
        super("row block is full", null, false, false);
    }
}
