package com.starrocks.connector.flink.core;

/** What to do about a reason that the system's loader gives for refusing a library. */
final class Hints {

    private Hints() {}

    /** A remedy for the reason, or an empty string if none is known. */
    static String forReason(String reason) {
        String text = reason == null ? "" : reason;
        if (text.contains("failed to map segment") || text.contains("Operation not permitted")) {
            return "The folder is probably mounted noexec: name another in Flink's io.tmp.dirs or"
                    + " -Djava.io.tmpdir, or put the library into a folder that allows execution"
                    + " and name it in sink.native.library-path.";
        }
        if (text.contains("GLIBC_")) {
            return "The C library of this system is older than the library was built for: use a"
                    + " newer system image, or build the library on this system.";
        }
        if (text.contains("ld-linux") || text.contains("Error relocating")) {
            return "This system has no GNU C library (Alpine?): use an image that has.";
        }
        if (text.contains("wrong architecture")
                || text.contains("wrong ELF class")
                || text.contains("Possible cause")) {
            return "Use the library that was built for this machine's processor.";
        }
        if (text.contains("damaged")
                || text.contains("truncated")
                || text.contains("invalid ELF header")
                || text.contains("file too short")) {
            return "Replace the file (or the jar) by an intact copy.";
        }
        if (text.contains("No space left")) {
            return "Make room, or name another folder in Flink's io.tmp.dirs or"
                    + " -Djava.io.tmpdir.";
        }
        return "";
    }
}
