package com.starrocks.connector.flink.core;

import java.lang.invoke.MethodHandle;
import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * The digits of a decimal, read where they lie.
 *
 * <p>A {@link BigDecimal} keeps digits that fit as a {@code long}. No public method gives that
 * without an object or a division; {@link SunUnsafe} does. It is tried out before it is used, and a
 * JVM that has other decimals or no longer allows it only costs speed.
 */
public final class CompactDecimals {

    /** What {@link #unscaled} gives for a decimal that isn't kept so, or can't be read here. */
    public static final long NONE = Long.MIN_VALUE;

    /** {@code (BigDecimal) long}. */
    private static final MethodHandle COMPACT;

    private static final boolean ARE_READABLE;

    static {
        MethodHandle compact = null;
        boolean proven = false;
        try {
            SunUnsafe unsafe = new SunUnsafe();
            MethodHandle getLong = unsafe.method("getLong", long.class, Object.class, long.class);
            compact = unsafe.field(BigDecimal.class, "intCompact", long.class, getLong);
            proven = proves(compact);
        } catch (Throwable e) {
            // As documented: then nothing is read this way.
        }
        COMPACT = compact;
        ARE_READABLE = proven;
    }

    private CompactDecimals() {}

    private static boolean proves(MethodHandle compact) throws Throwable {
        long[] digits = {0, 7, -1, 123_456, Long.MAX_VALUE, Long.MIN_VALUE + 1};
        for (long expected : digits) {
            for (int scale : new int[] {0, 2, -3}) {
                if ((long) compact.invokeExact(BigDecimal.valueOf(expected, scale)) != expected
                        || (long) compact.invokeExact(large(expected, scale)) != expected) {
                    return false;
                }
            }
        }
        BigInteger beyond = BigInteger.ONE.shiftLeft(Long.SIZE - 1);
        return (long) compact.invokeExact(new BigDecimal(beyond, 2)) == NONE
                && (long) compact.invokeExact(new BigDecimal(beyond.negate(), 2)) == NONE
                && (long) compact.invokeExact(new BigDecimal(beyond.shiftLeft(9))) == NONE;
    }

    private static BigDecimal large(long digits, int scale) {
        return new BigDecimal(BigInteger.valueOf(digits), scale);
    }

    /** The unscaled value of a decimal, or {@link #NONE}. */
    public static long unscaled(BigDecimal value) {
        // A class derived from it may mean something else.
        if (!ARE_READABLE || value.getClass() != BigDecimal.class) {
            return NONE;
        }
        try {
            return (long) COMPACT.invokeExact(value);
        } catch (Throwable e) {
            throw new AssertionError("reading a decimal's digits", e);
        }
    }
}
