package com.starrocks.connector.flink.core;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Looks at the headers of a shared library before the system's loader does, since that maps a
 * truncated file without complaint and the process then dies of SIGBUS.
 *
 * <p>Layout: System V ABI, "Object Files", 64-bit little-endian.
 */
final class ElfFile {

    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int MAGIC = 0x464C457F;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int TYPE_SHARED = 3;
    private static final int SEGMENT_LOAD = 1;

    private ElfFile() {}

    /**
     * Checks that a file is a whole shared library for a Linux platform.
     *
     * @throws IOException if it can't be read or isn't; the message says which, without the path
     */
    static void check(Path file, Platform platform) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            long size = channel.size();
            ByteBuffer header = read(channel, 0, HEADER);
            if (header.remaining() < 4 || header.getInt(0) != MAGIC) {
                throw new IOException(
                        "the file is damaged: it is " + size + " bytes and not a shared library");
            }
            if (header.remaining() < HEADER) {
                throw truncated(size, HEADER);
            }
            checkTarget(header, platform);
            long end = endOfContents(channel, header, size);
            if (end > size) {
                throw truncated(size, end);
            }
        }
    }

    private static void checkTarget(ByteBuffer header, Platform platform) throws IOException {
        int machine = header.getShort(18) & 0xFFFF;
        boolean wide = header.get(4) == CLASS_64 && header.get(5) == LITTLE_ENDIAN;
        String built = wide ? machineName(machine) : "another kind of processor";
        if (!built.equals(platform.arch())) {
            throw new IOException(
                    "wrong architecture: the file is built for "
                            + built
                            + ", this JVM runs on "
                            + platform.arch());
        }
        if ((header.getShort(16) & 0xFFFF) != TYPE_SHARED) {
            throw new IOException("the file is a program or object file, not a shared library");
        }
    }

    private static String machineName(int machine) {
        switch (machine) {
            case 62:
                return "x86_64";
            case 183:
                return "aarch64";
            case 243:
                return "riscv64";
            default:
                return "processor number " + machine;
        }
    }

    /** Where the last segment or the section table ends, whichever is later. */
    private static long endOfContents(FileChannel channel, ByteBuffer header, long size)
            throws IOException {
        long sections = header.getLong(40);
        int sectionSize = header.getShort(58) & 0xFFFF;
        int sectionCount = header.getShort(60) & 0xFFFF;
        long end = sections + (long) sectionSize * sectionCount;

        long programs = header.getLong(32);
        int programCount = header.getShort(56) & 0xFFFF;
        long programsEnd = programs + (long) PROGRAM_HEADER * programCount;
        if (programs < HEADER || programsEnd > size) {
            throw truncated(size, programsEnd);
        }
        ByteBuffer table = read(channel, programs, PROGRAM_HEADER * programCount);
        for (int at = 0; at + PROGRAM_HEADER <= table.limit(); at += PROGRAM_HEADER) {
            if (table.getInt(at) == SEGMENT_LOAD) {
                end = Math.max(end, table.getLong(at + 8) + table.getLong(at + 32));
            }
        }
        return end;
    }

    private static IOException truncated(long size, long needed) {
        return new IOException(
                "the file is truncated: it is " + size + " bytes, its headers ask for " + needed);
    }

    private static ByteBuffer read(FileChannel channel, long from, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining() && channel.read(buffer, from + buffer.position()) >= 0) {
            // Until the buffer is full or the file ends.
        }
        buffer.flip();
        return buffer;
    }
}
