package com.starrocks.connector.flink.core;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The bytes of a string, read where they lie.
 *
 * <p>Since Java 9 a string whose characters all are Latin-1 is an array of bytes (JEP 254). No
 * public method gives that array or copies it without taking each character on its own or creating
 * an object; {@link SunUnsafe} does. It is tried out before it is used, and a JVM that has other
 * strings (Java 8) or no longer allows it only costs speed.
 */
final class Latin1Strings {

    /** {@code (String) byte[]}. */
    private static final MethodHandle VALUE;

    /** {@code (String) byte}. */
    private static final MethodHandle CODER;

    /** {@code (byte[], int) long}, with the bounds checked. */
    private static final MethodHandle WORD;

    private static final byte LATIN1 = 0;

    private static final boolean ARE_READABLE;

    static {
        MethodHandle value = null;
        MethodHandle coder = null;
        MethodHandle word = null;
        boolean proven = false;
        try {
            SunUnsafe unsafe = new SunUnsafe();
            MethodHandle getObject =
                    unsafe.method("getObject", Object.class, Object.class, long.class);
            value = unsafe.field(String.class, "value", byte[].class, getObject);
            MethodHandle getByte = unsafe.method("getByte", byte.class, Object.class, long.class);
            coder = unsafe.field(String.class, "coder", byte.class, getByte);
            word = littleEndianLong();
            proven = proves(value, coder, word);
        } catch (Throwable e) {
            // As documented: then nothing is read this way.
        }
        VALUE = value;
        CODER = coder;
        WORD = word;
        ARE_READABLE = proven;
    }

    private Latin1Strings() {}

    /** What {@code MethodHandles.byteArrayViewVarHandle} gives, which Java 8 doesn't have. */
    private static MethodHandle littleEndianLong() throws ReflectiveOperationException {
        Object view =
                MethodHandles.class
                        .getMethod("byteArrayViewVarHandle", Class.class, ByteOrder.class)
                        .invoke(null, long[].class, ByteOrder.LITTLE_ENDIAN);
        Class<?> mode = Class.forName("java.lang.invoke.VarHandle$AccessMode");
        return (MethodHandle)
                Class.forName("java.lang.invoke.VarHandle")
                        .getMethod("toMethodHandle", mode)
                        .invoke(view, mode.getField("GET").get(null));
    }

    private static boolean proves(MethodHandle value, MethodHandle coder, MethodHandle word)
            throws Throwable {
        for (String text : new String[] {"", "a", "StarRocks", "\u00e9\u007f\u0080\u00ff"}) {
            // A new string, not one that the compiler could have prepared.
            String fresh = new String(text.toCharArray());
            byte[] expected = new byte[text.length()];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = (byte) text.charAt(i);
            }
            if ((byte) coder.invokeExact(fresh) != LATIN1
                    || !Arrays.equals((byte[]) value.invokeExact(fresh), expected)) {
                // Strings may have been told to be UTF-16 all of them (-XX:-CompactStrings).
                return false;
            }
        }
        return (byte) coder.invokeExact("a\u0100") != LATIN1
                && (long) word.invokeExact(new byte[] {0, 1, 2, 3, 4, 5, 6, 7, -8}, 1)
                        == 0xF807060504030201L;
    }

    /**
     * The characters of a string, a byte each, or null if it isn't kept so or can't be read here.
     * The array is the string's own: never to be written to.
     */
    static byte[] bytes(String text) {
        if (!ARE_READABLE) {
            return null;
        }
        try {
            return (byte) CODER.invokeExact(text) == LATIN1
                    ? (byte[]) VALUE.invokeExact(text)
                    : null;
        } catch (Throwable e) {
            throw cannotHappen(e);
        }
    }

    /**
     * Eight bytes at once, the first one lowest. Only where {@link #bytes} gave an array.
     *
     * @throws IndexOutOfBoundsException if the array doesn't hold all of them
     */
    static long word(byte[] bytes, int at) {
        try {
            return (long) WORD.invokeExact(bytes, at);
        } catch (IndexOutOfBoundsException e) {
            throw e;
        } catch (Throwable e) {
            throw cannotHappen(e);
        }
    }

    private static AssertionError cannotHappen(Throwable e) {
        return new AssertionError("reading a string's bytes", e);
    }
}
