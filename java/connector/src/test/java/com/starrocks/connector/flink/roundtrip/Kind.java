package com.starrocks.connector.flink.roundtrip;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.Row;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A Flink type: its extreme and random values, and the model of what the server shows of them. */
abstract class Kind {

    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");

    final DataType flink;

    private Kind(DataType flink) {
        this.flink = flink;
    }

    /** Values at the ends of what the type holds, without NULL. */
    abstract List<Sample> extremes(Dialect dialect);

    /** Any value but NULL. */
    abstract Sample random(Random random, Dialect dialect);

    /** Any value, now and then NULL. */
    final Sample randomOrNull(Random random, Dialect dialect) {
        return random.nextInt(6) == 0 ? Sample.NULL : random(random, dialect);
    }

    boolean isNested() {
        return false;
    }

    // --- Scalars --------------------------------------------------------------------------------

    static Kind bool() {
        return new Kind(DataTypes.BOOLEAN()) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                return Arrays.asList(sample(true), sample(false));
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                return sample(random.nextBoolean());
            }

            private Sample sample(boolean value) {
                return new Sample(value, value, value ? "1" : "0", value, 0);
            }
        };
    }

    static Kind tinyint() {
        return new Integers(DataTypes.TINYINT(), 8) {
            @Override
            Object box(long value) {
                return (byte) value;
            }
        };
    }

    static Kind smallint() {
        return new Integers(DataTypes.SMALLINT(), 16) {
            @Override
            Object box(long value) {
                return (short) value;
            }
        };
    }

    static Kind integer() {
        return new Integers(DataTypes.INT(), 32) {
            @Override
            Object box(long value) {
                return (int) value;
            }
        };
    }

    static Kind bigint() {
        return new Integers(DataTypes.BIGINT(), 64) {
            @Override
            Object box(long value) {
                return value;
            }
        };
    }

    private abstract static class Integers extends Kind {

        private final int bits;

        Integers(DataType flink, int bits) {
            super(flink);
            this.bits = bits;
        }

        /** The value in Flink's class for the type. */
        abstract Object box(long value);

        @Override
        List<Sample> extremes(Dialect dialect) {
            long max = Long.MAX_VALUE >> (64 - bits);
            List<Sample> samples = new ArrayList<>();
            for (long value : new long[] {0, 1, -1, max, -max, -max - 1}) {
                samples.add(sample(value, box(value)));
            }
            return samples;
        }

        @Override
        Sample random(Random random, Dialect dialect) {
            // As many of each length.
            long value = random.nextLong() >> (64 - bits + random.nextInt(bits));
            Object[] slots = {
                box(value), value, BigInteger.valueOf(value), BigDecimal.valueOf(value)
            };
            return sample(value, slots[random.nextInt(slots.length)]);
        }

        private Sample sample(long value, Object slot) {
            return new Sample(slot, box(value), value + "", BigDecimal.valueOf(value), 0);
        }
    }

    static Kind real() {
        return new Kind(DataTypes.FLOAT()) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> samples = new ArrayList<>();
                for (float value :
                        new float[] {
                            0f,
                            -0f,
                            1f,
                            -1.5f,
                            0.1f,
                            1f / 3,
                            Float.MIN_VALUE,
                            -Float.MIN_VALUE,
                            Float.MIN_NORMAL,
                            Float.MAX_VALUE,
                            -Float.MAX_VALUE,
                            1e10f,
                            16777216f,
                            1e-10f,
                            Float.NaN,
                            Float.POSITIVE_INFINITY,
                            Float.NEGATIVE_INFINITY
                        }) {
                    samples.add(sample(value));
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                return sample(Float.intBitsToFloat(random.nextInt()));
            }

            private Sample sample(float value) {
                boolean finite = !Float.isNaN(value) && !Float.isInfinite(value);
                Object shown = finite ? value : null;
                return new Sample(value, value, shown, shown, finite ? 0 : 1);
            }
        };
    }

    static Kind doublePrecision() {
        return new Kind(DataTypes.DOUBLE()) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> samples = new ArrayList<>();
                for (double value :
                        new double[] {
                            0,
                            -0.0,
                            1,
                            -1.5,
                            0.1,
                            1.0 / 3,
                            Double.MIN_VALUE,
                            -Double.MIN_VALUE,
                            Double.MIN_NORMAL,
                            Double.MAX_VALUE,
                            -Double.MAX_VALUE,
                            1e22,
                            1e23,
                            9007199254740993.0,
                            1e-7,
                            Double.NaN,
                            Double.POSITIVE_INFINITY,
                            Double.NEGATIVE_INFINITY
                        }) {
                    samples.add(sample(value));
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                return sample(Double.longBitsToDouble(random.nextLong()));
            }

            private Sample sample(double value) {
                boolean finite = !Double.isNaN(value) && !Double.isInfinite(value);
                Object shown = finite ? value : null;
                return new Sample(value, value, shown, shown, finite ? 0 : 1);
            }
        };
    }

    static Kind decimal(int precision, int scale) {
        return new Kind(DataTypes.DECIMAL(precision, scale)) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                BigInteger max = BigInteger.TEN.pow(precision).subtract(BigInteger.ONE);
                List<Sample> samples = new ArrayList<>();
                for (BigInteger unscaled :
                        Arrays.asList(
                                BigInteger.ZERO,
                                BigInteger.ONE,
                                BigInteger.ONE.negate(),
                                max,
                                max.negate())) {
                    samples.add(sample(new BigDecimal(unscaled, scale), false));
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                BigInteger unscaled =
                        new BigInteger(random.nextInt(128), random)
                                .mod(BigInteger.TEN.pow(precision));
                BigDecimal value = new BigDecimal(unscaled, scale);
                return sample(random.nextBoolean() ? value : value.negate(), random.nextBoolean());
            }

            private Sample sample(BigDecimal value, boolean internal) {
                DecimalData data = DecimalData.fromBigDecimal(value, precision, scale);
                Object slot = internal ? data : value.stripTrailingZeros();
                return new Sample(slot, data, value.toPlainString(), value, 0);
            }
        };
    }

    /** Integers of 128 bits; for slots alone, since Flink's own classes hold 38 digits. */
    static Kind largeint() {
        return new Kind(DataTypes.DECIMAL(38, 0)) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                BigInteger end = BigInteger.ONE.shiftLeft(127);
                return Arrays.asList(
                        sample(end.negate()),
                        sample(end.subtract(BigInteger.ONE)),
                        sample(BigInteger.ONE.shiftLeft(64)),
                        sample(BigInteger.ZERO));
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                BigInteger value = new BigInteger(random.nextInt(128), random);
                return sample(random.nextBoolean() ? value : value.negate());
            }

            private Sample sample(BigInteger value) {
                return new Sample(value, null, value.toString(), new BigDecimal(value), 0);
            }
        };
    }

    static Kind string(int maxBytes) {
        return new Kind(DataTypes.STRING()) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> samples = new ArrayList<>();
                for (String text : Texts.extremes()) {
                    samples.add(sample(dialect.tame(text)));
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                String text = dialect.tame(Texts.random(random));
                Sample sample = sample(text);
                Object[] slots = {text, new StringBuilder(text), StringData.fromString(text)};
                Object slot = slots[random.nextInt(slots.length)];
                byte[] bytes =
                        ((String) sample.shown).getBytes(java.nio.charset.StandardCharsets.UTF_8);
                Object data = random.nextBoolean() ? sample.data : StringData.fromBytes(bytes);
                return bytes.length > maxBytes
                        ? sample("")
                        : new Sample(slot, data, sample.shown, sample.nested, 0);
            }

            private Sample sample(String text) {
                String shown = wellFormed(text);
                return new Sample(text, StringData.fromString(text), shown, shown, 0);
            }
        };
    }

    /** The text with a question mark for every surrogate that has no other half, as Java has it. */
    static String wellFormed(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            boolean lone = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
            out.appendCodePoint(lone ? '?' : c);
            i += Character.charCount(c);
        }
        return out.toString();
    }

    /** JSON text for a JSON column. */
    static Kind json() {
        return new Kind(DataTypes.STRING()) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> samples = new ArrayList<>();
                for (String text : JsonTexts.extremes()) {
                    if (dialect.carries("0", text, "0")) {
                        samples.add(new Sample(text, StringData.fromString(text), text, text, 0));
                    }
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                String text = JsonTexts.random(random, 4);
                String carried = dialect.carries("0", text, "0") ? text : "{}";
                return new Sample(carried, StringData.fromString(carried), carried, carried, 0);
            }
        };
    }

    static Kind bytes() {
        return new Kind(DataTypes.BYTES()) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                byte[] all = new byte[256];
                for (int i = 0; i < all.length; i++) {
                    all[i] = (byte) i;
                }
                return Arrays.asList(sample(new byte[0]), sample(new byte[] {0}), sample(all));
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                byte[] value = new byte[random.nextInt(20)];
                random.nextBytes(value);
                return sample(value);
            }

            private Sample sample(byte[] value) {
                String text = Base64.getEncoder().encodeToString(value);
                return new Sample(value, value, value, text, 0);
            }
        };
    }

    /** Bytes for an integer column, in which they are a big-endian number. */
    static Kind bytesAsInteger() {
        return new Kind(DataTypes.BYTES()) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                byte[] max = new byte[8];
                Arrays.fill(max, (byte) -1);
                max[0] = Byte.MAX_VALUE;
                return Arrays.asList(
                        sample(max),
                        sample(new byte[8]),
                        sample(new byte[] {0}),
                        sample(new byte[] {-1}),
                        sample(new byte[] {-1, -1, -1, -1, -1, -1, -1}));
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                byte[] value = new byte[1 + random.nextInt(7)];
                random.nextBytes(value);
                return sample(value);
            }

            private Sample sample(byte[] value) {
                return new Sample(value, value, new BigInteger(1, value) + "", null, 0);
            }
        };
    }

    // --- Dates and times ------------------------------------------------------------------------

    static Kind date() {
        return new Kind(DataTypes.DATE()) {
            private final long first = LocalDate.of(1, 1, 1).toEpochDay();
            private final long last = LocalDate.of(9999, 12, 31).toEpochDay();

            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> samples = new ArrayList<>();
                for (String date :
                        Arrays.asList(
                                "0001-01-01",
                                "0004-02-29",
                                "0099-12-31",
                                "1500-02-28",
                                "1500-03-01",
                                "1582-10-04",
                                "1582-10-10",
                                "1582-10-15",
                                "1600-02-29",
                                "1969-12-31",
                                "1970-01-01",
                                "2000-02-29",
                                "2038-01-19",
                                "9999-12-31")) {
                    samples.add(sample(LocalDate.parse(date)));
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                return sample(LocalDate.ofEpochDay(between(random, first, last)));
            }

            private Sample sample(LocalDate date) {
                return new Sample(
                        date, (int) date.toEpochDay(), date.toString(), date.toString(), 0);
            }
        };
    }

    private static long between(Random random, long first, long last) {
        return first + (long) (random.nextDouble() * (last - first + 1));
    }

    private static LocalDateTime randomTime(Random random, int precision) {
        LocalDateTime time =
                LocalDateTime.ofEpochSecond(
                        between(random, -62_135_596_800L, 253_402_300_799L),
                        random.nextInt(1_000_000_000),
                        ZoneOffset.UTC);
        return random.nextInt(4) == 0 ? time.withNano(0) : cut(time, precision);
    }

    private static LocalDateTime cut(LocalDateTime time, int precision) {
        int unit = BigInteger.TEN.pow(9 - precision).intValue();
        return time.withNano(time.getNano() / unit * unit);
    }

    private static List<LocalDateTime> extremeTimes(int precision) {
        List<LocalDateTime> times = new ArrayList<>();
        for (String time :
                Arrays.asList(
                        "0001-01-01T00:00:00",
                        "0001-01-01T00:00:00.000000001",
                        "1500-02-28T23:59:59.999999999",
                        "1582-10-10T12:00:00",
                        "1900-01-01T00:00:00.1",
                        "1969-12-31T23:59:59.999999999",
                        "1970-01-01T00:00:00",
                        "1970-01-01T00:00:00.000001",
                        "2021-03-14T02:30:00",
                        "2021-03-28T02:30:00.123456789",
                        "2021-11-07T01:30:00",
                        "9999-12-31T23:59:59.999999999")) {
            times.add(cut(LocalDateTime.parse(time), precision));
        }
        return times;
    }

    /** What the server shows of a time: microseconds if there are any; what is finer is cut off. */
    static String show(LocalDateTime time) {
        int micros = time.getNano() / 1000;
        return SECONDS.format(time) + (micros == 0 ? "" : String.format(".%06d", micros));
    }

    static Kind timestamp(int precision) {
        return new Kind(DataTypes.TIMESTAMP(precision)) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> samples = new ArrayList<>();
                for (LocalDateTime time : extremeTimes(precision)) {
                    samples.add(sample(time, false));
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                return sample(randomTime(random, precision), random.nextBoolean());
            }

            private Sample sample(LocalDateTime time, boolean internal) {
                TimestampData data = TimestampData.fromLocalDateTime(time);
                return new Sample(internal ? data : time, data, show(time), show(time), 0);
            }
        };
    }

    /** Instants, which the server shows as wall time of the zone. */
    static Kind timestampLtz(int precision, ZoneId zone) {
        return new Kind(DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(precision)) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> samples = new ArrayList<>();
                for (LocalDateTime time : extremeTimes(precision)) {
                    samples.add(sample(time.atZone(zone).toInstant(), 0));
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                LocalDateTime time = randomTime(random, precision);
                return sample(time.atZone(zone).toInstant(), random.nextInt(4));
            }

            private Sample sample(Instant instant, int form) {
                TimestampData data = TimestampData.fromInstant(instant);
                Object[] slots = {
                    instant,
                    data,
                    instant.atOffset(ZoneOffset.ofHours(-11)),
                    instant.atZone(ZoneId.of("Asia/Kathmandu"))
                };
                String shown = show(LocalDateTime.ofInstant(instant, zone));
                return new Sample(slots[form], data, shown, shown, 0);
            }
        };
    }

    /** Times of day for a VARCHAR column. Flink's own class keeps milliseconds. */
    static Kind time() {
        return new Kind(DataTypes.TIME(3)) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                return Arrays.asList(
                        sample(LocalTime.MIDNIGHT),
                        sample(LocalTime.of(23, 59, 59, 999_000_000)),
                        sample(LocalTime.of(0, 0, 0, 1_000_000)),
                        sample(LocalTime.NOON));
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                LocalTime time = LocalTime.ofSecondOfDay(random.nextInt(86_400));
                return sample(
                        time.with(
                                java.time.temporal.ChronoField.MILLI_OF_SECOND,
                                random.nextInt(1000)));
            }

            private Sample sample(LocalTime time) {
                String shown =
                        time.truncatedTo(ChronoUnit.SECONDS)
                                .format(DateTimeFormatter.ISO_LOCAL_TIME);
                int millis = time.getNano() / 1_000_000;
                shown += millis == 0 ? "" : String.format(".%03d", millis);
                return new Sample(time, (int) (time.toNanoOfDay() / 1_000_000), shown, shown, 0);
            }
        };
    }

    // --- Nested values --------------------------------------------------------------------------

    static Kind array(Kind element) {
        return new Kind(DataTypes.ARRAY(element.flink)) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> all = new ArrayList<>(element.extremes(dialect));
                all.add(Sample.NULL);
                return Arrays.asList(sample(new ArrayList<>(), 0), sample(all, 0));
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                List<Sample> elements = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    elements.add(element.randomOrNull(random, dialect));
                }
                return sample(elements, random.nextInt(3));
            }

            @Override
            boolean isNested() {
                return true;
            }

            private Sample sample(List<Sample> elements, int form) {
                List<Object> slots = new ArrayList<>();
                List<Object> data = new ArrayList<>();
                List<Object> shown = new ArrayList<>();
                int nonFinite = 0;
                for (Sample sample : elements) {
                    slots.add(sample.slot);
                    data.add(sample.data);
                    shown.add(sample.nested);
                    nonFinite += sample.nonFinite;
                }
                Object[] forms = {slots, slots.toArray(), new LinkedList<>(slots)};
                GenericArrayData array = new GenericArrayData(data.toArray());
                return new Sample(forms[form], array, shown, shown, nonFinite);
            }
        };
    }

    /** Maps with keys of a scalar kind. */
    static Kind map(Kind key, Kind value) {
        return new Kind(DataTypes.MAP(key.flink, value.flink)) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                Map<Sample, Sample> all = new LinkedHashMap<>();
                for (Sample sample : key.extremes(dialect)) {
                    all.put(sample, Sample.NULL);
                }
                return Arrays.asList(sample(new LinkedHashMap<>()), sample(all));
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                Map<Sample, Sample> entries = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    entries.put(key.random(random, dialect), value.randomOrNull(random, dialect));
                }
                return sample(entries);
            }

            @Override
            boolean isNested() {
                return true;
            }

            private Sample sample(Map<Sample, Sample> entries) {
                Map<Object, Object> slot = new LinkedHashMap<>();
                Map<Object, Object> data = new LinkedHashMap<>();
                Map<Object, Object> shown = new LinkedHashMap<>();
                int nonFinite = 0;
                for (Map.Entry<Sample, Sample> entry : entries.entrySet()) {
                    // Lone surrogates can make two keys of Java's one for the server.
                    if (shown.containsKey(entry.getKey().shown)) {
                        continue;
                    }
                    slot.put(entry.getKey().slot, entry.getValue().slot);
                    data.put(entry.getKey().data, entry.getValue().data);
                    shown.put(entry.getKey().shown, entry.getValue().nested);
                    nonFinite += entry.getValue().nonFinite;
                }
                return new Sample(slot, new GenericMapData(data), shown, shown, nonFinite);
            }
        };
    }

    /** Rows with fields f0, f1 and so on. */
    static Kind row(Kind... fields) {
        DataTypes.Field[] flink = new DataTypes.Field[fields.length];
        for (int i = 0; i < fields.length; i++) {
            flink[i] = DataTypes.FIELD("f" + i, fields[i].flink);
        }
        return new Kind(DataTypes.ROW(flink)) {
            @Override
            List<Sample> extremes(Dialect dialect) {
                List<Sample> samples = new ArrayList<>();
                Sample[] values = new Sample[fields.length];
                Arrays.fill(values, Sample.NULL);
                samples.add(sample(values));
                for (int i = 0; i < fields.length; i++) {
                    for (Sample extreme : fields[i].extremes(dialect)) {
                        values[i] = extreme;
                        samples.add(sample(values));
                    }
                }
                return samples;
            }

            @Override
            Sample random(Random random, Dialect dialect) {
                Sample[] values = new Sample[fields.length];
                for (int i = 0; i < fields.length; i++) {
                    values[i] = fields[i].randomOrNull(random, dialect);
                }
                return sample(values);
            }

            @Override
            boolean isNested() {
                return true;
            }

            private Sample sample(Sample[] values) {
                Row slot = new Row(values.length);
                GenericRowData data = new GenericRowData(values.length);
                Map<Object, Object> shown = new LinkedHashMap<>();
                int nonFinite = 0;
                for (int i = 0; i < values.length; i++) {
                    slot.setField(i, values[i].slot);
                    data.setField(i, values[i].data);
                    shown.put("f" + i, values[i].nested);
                    nonFinite += values[i].nonFinite;
                }
                return new Sample(slot, data, shown, shown, nonFinite);
            }
        };
    }
}
