package com.starrocks.connector.flink.core;

import java.util.List;

/**
 * The native library couldn't be loaded from any place. The message names the platform and every
 * place tried with its reason and a hint; the failures themselves are suppressed exceptions.
 */
public final class NativeLibraryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    NativeLibraryException(String message, List<? extends Throwable> attempts) {
        super(message);
        for (Throwable attempt : attempts) {
            addSuppressed(attempt);
        }
    }
}
