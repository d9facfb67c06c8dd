package com.starrocks.connector.flink.codec;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.CompactDecimals;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.TypeNode;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.types.Row;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Writes Java objects by their class:
 *
 * <table>
 * <caption>What becomes of a Java object</caption>
 * <tr><th>class</th><th>becomes</th></tr>
 * <tr><td>{@code null}</td><td>NULL</td></tr>
 * <tr><td>{@link Boolean}</td><td>truth value</td></tr>
 * <tr><td>{@link Byte}, {@link Short}, {@link Integer}, {@link Long}, {@link BigInteger} of at most
 * 32 bytes</td><td>integer; in a DATE column only one that reads as {@code YYYYMMDD}, in a DATETIME
 * column that or {@code YYYYMMDDhhmmss}: it is never taken for days or milliseconds since 1970, and
 * any other is refused</td></tr>
 * <tr><td>{@link Float}, {@link Double}</td><td>float</td></tr>
 * <tr><td>{@link BigDecimal}, {@link DecimalData}</td><td>decimal with all its digits</td></tr>
 * <tr><td>{@link CharSequence}, {@link Character}, {@link StringData}</td><td>string</td></tr>
 * <tr><td>{@code byte[]}</td><td>bytes</td></tr>
 * <tr><td>{@link LocalDate}, {@link java.sql.Date}</td><td>date</td></tr>
 * <tr><td>{@link LocalTime}, {@link Time}</td><td>time of day</td></tr>
 * <tr><td>{@link LocalDateTime}; {@link Timestamp} and {@link TimestampData} outside a TIMESTAMP_LTZ
 * column</td><td>wall time</td></tr>
 * <tr><td>{@link Instant}, {@link OffsetDateTime}, {@link ZonedDateTime}, {@link Date} itself; {@link
 * Timestamp} and {@link TimestampData} in a TIMESTAMP_LTZ column</td><td>instant</td></tr>
 * <tr><td>{@link Collection}, arrays of objects and of primitives</td><td>array</td></tr>
 * <tr><td>{@link Map}</td><td>map</td></tr>
 * <tr><td>{@link Row} with fields by position</td><td>row</td></tr>
 * </table>
 *
 * <p>The classes of {@code java.sql} hold a moment, but mean the year, month, day, hour and so on
 * that they show in the JVM's time zone; those fields are taken as they are, so that no time zone
 * and no change of calendar shifts a day. In a TIMESTAMP_LTZ column a {@link Timestamp} is the
 * moment that it holds, as it is to Flink.
 */
final class SlotValues {

    private static final int MAX_SCALE = 255;

    /** Digits that {@link BlockLayout#MAX_UNSCALED_BYTES} bytes hold at most: 2^255 has 77. */
    private static final int MAX_DIGITS = 77;

    private static final int NANOS_PER_MILLI = 1_000_000;

    private final BlockSegment segment = new BlockSegment();

    /** A value that can't be written, and why. */
    static final class RefusedException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }

        RefusedException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Appends a value.
     *
     * @param type of the column or of the part of it, null where the types know of no such part
     * @throws RefusedException if the value can't be written
     */
    void put(Object value, TypeNode type, RowBlock block) {
        put(value, type, block, 0);
    }

    private void put(Object value, TypeNode type, RowBlock block, int depth) {
        // The commonest classes first.
        if (value == null) {
            block.putNull();
        } else if (value instanceof String) {
            block.putString((String) value);
        } else if (value instanceof Number) {
            putNumber((Number) value, block);
        } else if (value instanceof Boolean) {
            block.putBoolean((Boolean) value);
        } else if (!putTime(value, type, block)
                && !putText(value, block)
                && !putContainer(value, type, block, depth)) {
            throw new RefusedException("values of " + value.getClass() + " can't be written");
        }
    }

    private static void putNumber(Number value, RowBlock block) {
        if (value instanceof Integer) {
            block.putInt((Integer) value);
        } else if (value instanceof Long) {
            block.putLong((Long) value);
        } else if (value instanceof Double) {
            block.putDouble((Double) value);
        } else if (value instanceof BigDecimal) {
            putDecimal((BigDecimal) value, block);
        } else if (value instanceof Float) {
            block.putFloat((Float) value);
        } else if (value instanceof Short) {
            block.putShort((Short) value);
        } else if (value instanceof Byte) {
            block.putByte((Byte) value);
        } else if (value instanceof BigInteger) {
            putInteger((BigInteger) value, block);
        } else {
            throw new RefusedException("values of " + value.getClass() + " can't be written");
        }
    }

    private static void putInteger(BigInteger value, RowBlock block) {
        if (value.bitLength() < Long.SIZE) {
            block.putLong(value.longValue());
        } else if (value.bitLength() < BlockLayout.MAX_UNSCALED_BYTES * Byte.SIZE) {
            block.putBigInteger(value.toByteArray());
        } else {
            throw new RefusedException(
                    "an integer of " + value.bitLength() + " bits is too large for any column");
        }
    }

    private static void putDecimal(BigDecimal value, RowBlock block) {
        long digits = CompactDecimals.unscaled(value);
        int scale = value.scale();
        if (digits != CompactDecimals.NONE && scale >= 0 && scale <= MAX_SCALE) {
            block.putDecimal(scale, digits);
        } else {
            putAnyDecimal(value, block);
        }
    }

    private static void putAnyDecimal(BigDecimal value, RowBlock block) {
        // The digits in front of the point, before zeros are written out: 1E+1000000000 is small.
        if ((long) value.precision() - value.scale() > MAX_DIGITS || value.scale() > MAX_SCALE) {
            throw new RefusedException(
                    "a decimal of "
                            + value.precision()
                            + " digits and scale "
                            + value.scale()
                            + " is too large or too fine for any column");
        }
        BigDecimal plain = value.scale() < 0 ? value.setScale(0) : value;
        BigInteger unscaled = plain.unscaledValue();
        if (unscaled.bitLength() < Long.SIZE) {
            block.putDecimal(plain.scale(), unscaled.longValue());
        } else if (unscaled.bitLength() < BlockLayout.MAX_UNSCALED_BYTES * Byte.SIZE) {
            block.putDecimal(plain.scale(), unscaled.toByteArray());
        } else {
            throw new RefusedException(
                    "a decimal of " + plain.precision() + " digits is too large for any column");
        }
    }

    private boolean putText(Object value, RowBlock block) {
        if (value instanceof StringData) {
            FlinkStrings.put((StringData) value, block, segment);
        } else if (value instanceof CharSequence) {
            block.putString((CharSequence) value);
        } else if (value instanceof Character) {
            block.putString(value.toString());
        } else if (value instanceof byte[]) {
            block.putBytes((byte[]) value);
        } else if (value instanceof DecimalData) {
            RowDataValues.putDecimal((DecimalData) value, block);
        } else {
            return false;
        }
        return true;
    }

    private static boolean putTime(Object value, TypeNode type, RowBlock block) {
        if (value instanceof LocalDate) {
            putDate((LocalDate) value, block);
        } else if (value instanceof LocalDateTime) {
            putWallTime((LocalDateTime) value, block);
        } else if (value instanceof LocalTime) {
            block.putTime(((LocalTime) value).toNanoOfDay());
        } else if (value instanceof Date) {
            putDate((Date) value, type, block);
        } else if (value instanceof Instant) {
            putInstant((Instant) value, block);
        } else if (value instanceof OffsetDateTime) {
            putInstant(((OffsetDateTime) value).toInstant(), block);
        } else if (value instanceof ZonedDateTime) {
            putInstant(((ZonedDateTime) value).toInstant(), block);
        } else if (value instanceof TimestampData) {
            TimestampData data = (TimestampData) value;
            if (isInstant(type)) {
                block.putTimestampLtz(data.getMillisecond(), data.getNanoOfMillisecond());
            } else {
                block.putTimestamp(data.getMillisecond(), data.getNanoOfMillisecond());
            }
        } else {
            return false;
        }
        return true;
    }

    /** Whether a column of this type holds moments, not what a clock shows. */
    private static boolean isInstant(TypeNode type) {
        return type != null && type.kind() == TypeNode.Kind.TIMESTAMP_LTZ;
    }

    private static void putDate(Date value, TypeNode type, RowBlock block) {
        if (value instanceof Timestamp && isInstant(type)) {
            putInstant(((Timestamp) value).toInstant(), block);
        } else if (value instanceof Timestamp) {
            refuseBeforeYearOne(value);
            putWallTime(fields((Timestamp) value, Timestamp::toLocalDateTime), block);
        } else if (value instanceof java.sql.Date) {
            refuseBeforeYearOne(value);
            putDate(fields((java.sql.Date) value, java.sql.Date::toLocalDate), block);
        } else if (value instanceof Time) {
            // Its toLocalTime drops the milliseconds. Offsets of time zones are whole seconds.
            long nanos = ((Time) value).toLocalTime().toNanoOfDay();
            long millis = Math.floorMod(value.getTime(), 1000L);
            block.putTime(nanos + millis * NANOS_PER_MILLI);
        } else {
            block.putTimestampLtz(value.getTime(), 0);
        }
    }

    /** Before 1582 the fields are those of the Julian calendar, which has more leap years. */
    private static <T, F> F fields(T value, Function<T, F> get) {
        try {
            return get.apply(value);
        } catch (DateTimeException e) {
            throw new RefusedException(
                    "a "
                            + value.getClass().getName()
                            + " on a 29th of February that is a day of the Julian calendar only,"
                            + " which StarRocks doesn't use",
                    e);
        }
    }

    /** The fields of these classes count the years before 1 upwards, as if they came after it. */
    @SuppressWarnings("deprecation")
    private static void refuseBeforeYearOne(Date value) {
        // The first day of the year 1 is 0000-12-30 in the calendar that Instant and Long use.
        long firstMillis = -62_135_769_600_000L;
        long wallMillis = value.getTime() - new Date(value.getTime()).getTimezoneOffset() * 60_000L;
        if (wallMillis < firstMillis) {
            throw new RefusedException("a " + value.getClass().getName() + " before the year 1");
        }
    }

    private static void putDate(LocalDate date, RowBlock block) {
        long day = date.toEpochDay();
        if (day != (int) day) {
            throw new RefusedException("the year " + date.getYear() + " is too far away");
        }
        block.putDate((int) day);
    }

    private static void putWallTime(LocalDateTime time, RowBlock block) {
        // Seconds of any LocalDateTime times 1000 fit a long only up to some 290 million years.
        try {
            long millis = Math.multiplyExact(time.toEpochSecond(ZoneOffset.UTC), 1000L);
            int nano = time.getNano();
            block.putTimestamp(millis + nano / NANOS_PER_MILLI, nano % NANOS_PER_MILLI);
        } catch (ArithmeticException e) {
            throw new RefusedException("the year " + time.getYear() + " is too far away", e);
        }
    }

    private static void putInstant(Instant instant, RowBlock block) {
        try {
            block.putTimestampLtz(instant.toEpochMilli(), instant.getNano() % NANOS_PER_MILLI);
        } catch (ArithmeticException e) {
            throw new RefusedException("an instant is too far away", e);
        }
    }

    private boolean putContainer(Object value, TypeNode type, RowBlock block, int depth) {
        if (!(value instanceof Collection
                || value instanceof Map
                || value instanceof Row
                || value.getClass().isArray())) {
            return false;
        }
        if (depth == BlockLayout.MAX_DEPTH) {
            throw new RefusedException(
                    "it is nested deeper than "
                            + BlockLayout.MAX_DEPTH
                            + " levels, or holds itself");
        }
        int inner = depth + 1;
        if (value instanceof List && value instanceof java.util.RandomAccess) {
            putList((List<?>) value, child(type, TypeNode.Kind.ARRAY, 0), block, inner);
        } else if (value instanceof Collection) {
            putCollection((Collection<?>) value, child(type, TypeNode.Kind.ARRAY, 0), block, inner);
        } else if (value instanceof Map) {
            putMap((Map<?, ?>) value, type, block, inner);
        } else if (value instanceof Row) {
            putRow((Row) value, type, block, inner);
        } else if (value instanceof Object[]) {
            putArray((Object[]) value, child(type, TypeNode.Kind.ARRAY, 0), block, inner);
        } else {
            putPrimitives(value, block);
        }
        return true;
    }

    /** The type of a part, or null if the types have no such part. */
    private static TypeNode child(TypeNode type, TypeNode.Kind kind, int index) {
        return type != null && type.kind() == kind && index < type.children().size()
                ? type.children().get(index)
                : null;
    }

    private void putList(List<?> list, TypeNode element, RowBlock block, int depth) {
        int size = list.size();
        block.putArrayHeader(size);
        for (int i = 0; i < size; i++) {
            put(list.get(i), element, block, depth);
        }
    }

    private void putCollection(
            Collection<?> collection, TypeNode element, RowBlock block, int depth) {
        int size = collection.size();
        block.putArrayHeader(size);
        int written = 0;
        for (Object value : collection) {
            put(value, element, block, depth);
            written++;
        }
        requireSize(size, written);
    }

    private void putArray(Object[] array, TypeNode element, RowBlock block, int depth) {
        block.putArrayHeader(array.length);
        for (Object value : array) {
            put(value, element, block, depth);
        }
    }

    private void putMap(Map<?, ?> map, TypeNode type, RowBlock block, int depth) {
        TypeNode keyType = child(type, TypeNode.Kind.MAP, 0);
        TypeNode valueType = child(type, TypeNode.Kind.MAP, 1);
        int size = map.size();
        block.putMapHeader(size);
        int written = 0;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            put(entry.getKey(), keyType, block, depth);
            put(entry.getValue(), valueType, block, depth);
            written++;
        }
        requireSize(size, written);
    }

    /** A container that changes while it is written would shift all that follows it. */
    private static void requireSize(int promised, int written) {
        if (promised != written) {
            throw new RefusedException(
                    "a container of " + promised + " values gave " + written + " of them");
        }
    }

    private void putRow(Row row, TypeNode type, RowBlock block, int depth) {
        int arity = row.getArity();
        if (arity > 0xFFFF) {
            throw new RefusedException("a row of " + arity + " fields is too wide");
        }
        block.putRowHeader(arity);
        for (int i = 0; i < arity; i++) {
            put(field(row, i), child(type, TypeNode.Kind.ROW, i), block, depth);
        }
    }

    private static Object field(Row row, int index) {
        try {
            return row.getField(index);
        } catch (IllegalArgumentException e) {
            throw new RefusedException("a Row without positions: " + e.getMessage(), e);
        }
    }

    private static void putPrimitives(Object array, RowBlock block) {
        if (array instanceof int[]) {
            int[] values = (int[]) array;
            block.putArrayHeader(values.length);
            for (int value : values) {
                block.putInt(value);
            }
        } else if (array instanceof long[]) {
            long[] values = (long[]) array;
            block.putArrayHeader(values.length);
            for (long value : values) {
                block.putLong(value);
            }
        } else if (array instanceof double[]) {
            double[] values = (double[]) array;
            block.putArrayHeader(values.length);
            for (double value : values) {
                block.putDouble(value);
            }
        } else if (array instanceof float[]) {
            float[] values = (float[]) array;
            block.putArrayHeader(values.length);
            for (float value : values) {
                block.putFloat(value);
            }
        } else if (array instanceof short[]) {
            short[] values = (short[]) array;
            block.putArrayHeader(values.length);
            for (short value : values) {
                block.putShort(value);
            }
        } else if (array instanceof boolean[]) {
            boolean[] values = (boolean[]) array;
            block.putArrayHeader(values.length);
            for (boolean value : values) {
                block.putBoolean(value);
            }
        } else {
            char[] values = (char[]) array;
            block.putArrayHeader(values.length);
            for (char value : values) {
                block.putString(String.valueOf(value));
            }
        }
    }
}
