package com.starrocks.connector.flink.table.sink.v2;

import java.io.IOException;

/** Versions of what checkpoints hold. */
final class Versions {

    private Versions() {}

    /** Throws unless this sink reads the version. */
    static void check(String what, int version, int newest) throws IOException {
        if (version < 1 || version > newest) {
            throw new IOException(
                    "A "
                            + what
                            + " of the StarRocks sink is of version "
                            + version
                            + ", and this sink reads versions up to "
                            + newest
                            + ": restore with the version of the sink that wrote it, or a later"
                            + " one");
        }
    }
}
