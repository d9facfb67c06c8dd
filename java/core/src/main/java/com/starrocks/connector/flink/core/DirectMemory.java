package com.starrocks.connector.flink.core;

import java.lang.invoke.MethodHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes to direct buffers by address: no checks at all, where a {@link ByteBuffer} makes several
 * for each value. For an owner that keeps the buffer reachable and has checked the bounds.
 *
 * <p>By {@link SunUnsafe}, tried out before it is used. Values are little-endian.
 */
final class DirectMemory {

    /** {@code (Buffer) long}. */
    private static final MethodHandle ADDRESS;

    /** {@code (long address, byte) void}. */
    private static final MethodHandle PUT_BYTE;

    /** {@code (long address, int) void}. */
    private static final MethodHandle PUT_INT;

    /** {@code (long address, long) void}. */
    private static final MethodHandle PUT_LONG;

    private static final boolean IS_WRITABLE;

    static {
        MethodHandle address = null;
        MethodHandle putByte = null;
        MethodHandle putInt = null;
        MethodHandle putLong = null;
        boolean proven = false;
        try {
            SunUnsafe unsafe = new SunUnsafe();
            MethodHandle get = unsafe.method("getLong", long.class, Object.class, long.class);
            address = unsafe.field(Buffer.class, "address", long.class, get);
            putByte = unsafe.method("putByte", void.class, long.class, byte.class);
            putInt = unsafe.method("putInt", void.class, long.class, int.class);
            putLong = unsafe.method("putLong", void.class, long.class, long.class);
            proven = proves(address, putByte, putInt, putLong);
        } catch (Throwable e) {
            // As documented: then nothing is written this way.
        }
        ADDRESS = address;
        PUT_BYTE = putByte;
        PUT_INT = putInt;
        PUT_LONG = putLong;
        IS_WRITABLE = proven;
    }

    private DirectMemory() {}

    private static boolean proves(
            MethodHandle address, MethodHandle putByte, MethodHandle putInt, MethodHandle putLong)
            throws Throwable {
        ByteBuffer buffer = ByteBuffer.allocateDirect(16).order(ByteOrder.LITTLE_ENDIAN);
        // An address is never near 0, and this must not be the way to learn that it isn't one.
        long start = (long) address.invokeExact((Buffer) buffer);
        if (start < 4096) {
            return false;
        }
        putLong.invokeExact(start + 1, 0x0807060504030201L);
        putInt.invokeExact(start + 9, 0x0C0B0A09);
        putByte.invokeExact(start + 13, (byte) 0x0D);
        for (int i = 0; i < 16; i++) {
            if (buffer.get(i) != (i < 14 ? i : 0)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Where the memory of a direct buffer begins, or 0 if it can't be written to by address here.
     */
    static long address(ByteBuffer direct) {
        if (!IS_WRITABLE) {
            return 0;
        }
        try {
            return (long) ADDRESS.invokeExact((Buffer) direct);
        } catch (Throwable e) {
            throw cannotHappen(e);
        }
    }

    static void putByte(long address, byte value) {
        try {
            PUT_BYTE.invokeExact(address, value);
        } catch (Throwable e) {
            throw cannotHappen(e);
        }
    }

    static void putInt(long address, int value) {
        try {
            PUT_INT.invokeExact(address, value);
        } catch (Throwable e) {
            throw cannotHappen(e);
        }
    }

    static void putLong(long address, long value) {
        try {
            PUT_LONG.invokeExact(address, value);
        } catch (Throwable e) {
            throw cannotHappen(e);
        }
    }

    private static AssertionError cannotHappen(Throwable e) {
        return new AssertionError("writing to a direct buffer", e);
    }
}
