package com.starrocks.connector.flink.codec;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.Hex;
import com.starrocks.connector.flink.core.RowBlock;
import com.starrocks.connector.flink.core.TypeNode;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.types.Row;
import org.junit.After;
import org.junit.Test;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Date;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Year;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TimeZone;

/** Slots, by the Java class of what is in them. */
public class SlotEncoderTest {

    private static final TypeNode ANY = TypeNode.of(TypeNode.Kind.STRING);

    private final TimeZone zone = TimeZone.getDefault();

    @After
    public void restoreZone() {
        TimeZone.setDefault(zone);
    }

    private static String encode(Object value, TypeNode type) {
        SlotEncoder encoder =
                new SlotEncoder(Collections.singletonList("c"), Collections.singletonList(type));
        return Blocks.payload(encoder, new Object[] {value});
    }

    private static void assertBytes(String expected, Object value) {
        assertEquals(Hex.strip(expected), encode(value, ANY));
    }

    private static String refused(Object value) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> encode(value, ANY));
        assertTrue(e.getMessage(), e.getMessage().startsWith("column c, slot 0: "));
        return e.getMessage();
    }

    private static String date(int year, int month, int day) {
        RowBlock block = new RowBlock(64);
        block.putDate((int) LocalDate.of(year, month, day).toEpochDay());
        return Hex.of(block);
    }

    private static String wallTime(LocalDateTime time) {
        RowBlock block = new RowBlock(64);
        long millis = time.toEpochSecond(ZoneOffset.UTC) * 1000 + time.getNano() / 1_000_000;
        block.putTimestamp(millis, time.getNano() % 1_000_000);
        return Hex.of(block);
    }

    @Test
    public void numbers() {
        assertBytes("00", null);
        assertBytes("01", false);
        assertBytes("02", true);
        assertBytes("03 80", Byte.MIN_VALUE);
        assertBytes("04 ff7f", Short.MAX_VALUE);
        assertBytes("05 ffffffff", -1);
        assertBytes("06 ffffffffffffff7f", Long.MAX_VALUE);
        assertBytes("07 0000803f", 1f);
        assertBytes("08 000000000000f03f", 1d);
        assertBytes("06 ffffffffffffff7f", BigInteger.valueOf(Long.MAX_VALUE));
        assertBytes("14 09 008000000000000000", BigInteger.ONE.shiftLeft(63));
        assertBytes(
                "14 20 7f" + repeat("ff", 31),
                BigInteger.ONE.shiftLeft(255).subtract(BigInteger.ONE));
        assertTrue(refused(BigInteger.ONE.shiftLeft(255)).contains("too large"));
    }

    @Test
    public void decimals() {
        assertBytes("09 02 2efbffffffffffff", new BigDecimal("-12.34"));
        assertBytes("09 00 c800000000000000", new BigDecimal("2E+2"));
        assertBytes("09 00 0000000000000000", BigDecimal.ZERO);
        assertBytes("09 09 0100000000000000", new BigDecimal("1E-9"));
        assertBytes("09 00 ffff63a7b3b6e00d", new BigDecimal("999999999999999999"));
        assertBytes("09 01 000064a7b3b6e00d", new BigDecimal("100000000000000000.0"));
        assertBytes("09 00 ffffffffffffff7f", new BigDecimal(Long.MAX_VALUE));
        assertBytes("09 00 0000000000000080", new BigDecimal(Long.MIN_VALUE));
        assertBytes("0a 00 09 008000000000000000", new BigDecimal("9223372036854775808"));
        assertBytes(
                "0a 0a 10 4b3b4ca85a86c47a098a223fffffffff",
                new BigDecimal("9999999999999999999999999999.9999999999"));
        assertBytes(
                "0a 00 20 80" + repeat("00", 31),
                new BigDecimal(BigInteger.ONE.shiftLeft(255).negate()));
        assertBytes("09 02 d204000000000000", DecimalData.fromUnscaledLong(1234, 10, 2));
        assertTrue(refused(new BigDecimal(BigInteger.ONE.shiftLeft(255))).contains("too large"));
        assertTrue(refused(new BigDecimal("1E+1000000000")).contains("too large"));
        assertTrue(refused(new BigDecimal("1E-256")).contains("too fine"));
        assertBytes("09 ff 0100000000000000", new BigDecimal("1E-255"));
    }

    @Test
    public void decimalsOfAnyDigitsAndScaleKeepTheirUnscaledValue() {
        Random random = new Random(1);
        for (int digits = 1; digits <= 18; digits++) {
            long bound = BigInteger.TEN.pow(digits).longValueExact();
            for (int scale = 0; scale <= 25; scale++) {
                for (int i = 0; i < 300; i++) {
                    // The bounds themselves, what is next to them, and any other.
                    long unscaled = i < 4 ? bound - 1 - i : (long) (random.nextDouble() * bound);
                    unscaled = i % 2 == 0 ? unscaled : -unscaled;
                    String expected =
                            String.format("09%02x%016x", scale, Long.reverseBytes(unscaled));
                    assertEquals(expected, encode(BigDecimal.valueOf(unscaled, scale), ANY));
                    // A class of its own goes the way of JVMs whose decimals can't be looked into.
                    BigDecimal other = new BigDecimal(BigInteger.valueOf(unscaled), scale) {};
                    assertEquals(expected, encode(other, ANY));
                }
            }
        }
    }

    @Test
    public void negativeScalesAreWrittenOut() {
        for (int exponent = 0; exponent <= 76; exponent++) {
            BigDecimal value = new BigDecimal("3E+" + exponent);
            assertEquals(encode(new BigDecimal(value.toBigInteger()), ANY), encode(value, ANY));
        }
    }

    @Test
    public void textAndBytes() {
        assertBytes("0b 03000000 68c3bc", "h\u00fc");
        assertBytes("0b 03000000 68c3bc", new StringBuilder("h\u00fc"));
        assertBytes("0b 02000000 c3bc", '\u00fc');
        assertBytes("0b 03000000 68c3bc", StringData.fromString("h\u00fc"));
        assertBytes("0c 02000000 00ff", new byte[] {0, -1});
    }

    @Test
    public void days() {
        assertBytes(date(2024, 6, 12), LocalDate.of(2024, 6, 12));
        assertBytes(date(1, 1, 1), LocalDate.of(1, 1, 1));
        assertBytes(date(9999, 12, 31), LocalDate.of(9999, 12, 31));
        assertTrue(refused(LocalDate.of(Year.MAX_VALUE, 1, 1)).contains("too far away"));
    }

    @Test
    public void leapDaysOfTheJulianCalendarAloneAreRefused() {
        assertTrue(refused(Date.valueOf("1500-02-29")).contains("Julian"));
        assertTrue(refused(Timestamp.valueOf("1500-02-29 12:00:00")).contains("Julian"));
        assertEquals(date(1600, 2, 29), encode(Date.valueOf("1600-02-29"), ANY));
    }

    @Test
    public void javaSqlDatesAreTheDaysTheyShow() {
        for (String id :
                new String[] {
                    "UTC",
                    "Asia/Shanghai",
                    "America/New_York",
                    "Pacific/Apia",
                    "America/Sao_Paulo",
                    "Europe/Dublin"
                }) {
            TimeZone.setDefault(TimeZone.getTimeZone(id));
            // Around the change of calendars, daylight saving at midnight, and a day left out.
            for (String day :
                    new String[] {
                        "0001-01-01", "0001-01-03", "1500-02-28", "1582-10-04", "1582-10-15",
                        "1900-01-01", "1969-12-31", "1970-01-01", "2018-11-04", "2011-12-29",
                        "2024-02-29", "9999-12-31"
                    }) {
                Date date = Date.valueOf(day);
                LocalDate expected = LocalDate.parse(day);
                assertEquals(id + " " + day, day, date.toString());
                assertEquals(
                        id + " " + day,
                        date(
                                expected.getYear(),
                                expected.getMonthValue(),
                                expected.getDayOfMonth()),
                        encode(date, ANY));
            }
        }
    }

    @Test
    public void timesOfDay() {
        assertBytes("0e 0000000000000000", LocalTime.MIDNIGHT);
        assertBytes("0e ffff4e91944e0000", LocalTime.MAX);
        for (String id : new String[] {"UTC", "Asia/Shanghai", "America/New_York"}) {
            TimeZone.setDefault(TimeZone.getTimeZone(id));
            long quarter = Time.valueOf("12:34:56").getTime() + 250;
            assertEquals(
                    encode(LocalTime.of(12, 34, 56, 250_000_000), ANY),
                    encode(new Time(quarter), ANY));
            assertEquals(encode(LocalTime.of(0, 0), ANY), encode(Time.valueOf("00:00:00"), ANY));
        }
    }

    @Test
    public void wallTimes() {
        LocalDateTime time = LocalDateTime.of(2024, 6, 12, 13, 14, 15, 123_456_789);
        assertBytes(wallTime(time), time);
        assertBytes(wallTime(time), TimestampData.fromLocalDateTime(time));
        assertBytes(wallTime(LocalDateTime.of(1, 1, 1, 0, 0)), LocalDateTime.of(1, 1, 1, 0, 0));
        assertBytes(
                "0f ffffffffffffffff 3f420f00",
                LocalDateTime.of(1969, 12, 31, 23, 59, 59, 999_999_999));
        assertTrue(refused(LocalDateTime.MAX).contains("too far away"));
    }

    @Test
    public void javaSqlTimestampsAreTheWallTimesTheyShow() {
        for (String id :
                new String[] {"UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu"}) {
            TimeZone.setDefault(TimeZone.getTimeZone(id));
            for (String text :
                    new String[] {
                        "0001-01-01 00:00:00", "1582-10-04 23:59:59.999999999",
                        "1582-10-15 00:00:00", "1927-12-31 23:59:59.5",
                        "1969-12-31 23:59:59.999", "2024-03-10 01:59:59.000000001",
                        "2024-11-03 01:30:00", "9999-12-31 23:59:59.999999"
                    }) {
                Timestamp timestamp = Timestamp.valueOf(text);
                assertEquals(
                        id + " " + text,
                        wallTime(LocalDateTime.parse(text.replace(' ', 'T'))),
                        encode(timestamp, ANY));
            }
        }
    }

    /** As Flink's own conversion from this class to that type takes it. */
    @Test
    public void inAColumnOfInstantsJavaSqlTimestampsAreTheMomentsTheyHold() {
        for (String id : new String[] {"UTC", "Asia/Shanghai", "America/New_York"}) {
            TimeZone.setDefault(TimeZone.getTimeZone(id));
            Timestamp before = Timestamp.from(Instant.ofEpochSecond(-1, 999_999_999));
            String expected = Hex.strip("10 ffffffffffffffff 3f420f00");
            assertEquals(id, expected, encode(before, TypeNode.timestampLtz(6)));
            assertEquals(
                    id,
                    Hex.strip("11 01000000") + expected,
                    encode(
                            Collections.singletonList(before),
                            TypeNode.array(TypeNode.timestampLtz(6))));
        }
    }

    @Test
    public void yearsBeforeOneAreRefused() {
        for (String id : new String[] {"UTC", "Asia/Shanghai", "America/New_York"}) {
            TimeZone.setDefault(TimeZone.getTimeZone(id));
            long first = Date.valueOf("0001-01-01").getTime();
            assertEquals(date(1, 1, 1), encode(new Date(first), ANY));
            assertTrue(refused(new Date(first - 86_400_000L)).contains("before the year 1"));
            assertTrue(refused(new Timestamp(first - 86_400_000L)).contains("before the year 1"));
        }
    }

    @Test
    public void instants() {
        Instant instant = Instant.ofEpochSecond(-1, 999_999_999);
        String expected = "10 ffffffffffffffff 3f420f00";
        assertBytes(expected, instant);
        assertBytes(expected, OffsetDateTime.ofInstant(instant, ZoneOffset.ofHours(5)));
        assertBytes(expected, ZonedDateTime.ofInstant(instant, ZoneId.of("Asia/Shanghai")));
        assertBytes("10 ffffffffffffffff 00000000", new java.util.Date(-1));
        assertTrue(refused(Instant.MAX).contains("too far away"));
    }

    @Test
    public void timestampDataFollowsItsColumn() {
        TimestampData data = TimestampData.fromEpochMillis(1, 2);
        assertEquals(
                Hex.strip("0f 0100000000000000 02000000"), encode(data, TypeNode.timestamp(6)));
        assertEquals(
                Hex.strip("10 0100000000000000 02000000"), encode(data, TypeNode.timestampLtz(6)));
        assertEquals(
                Hex.strip("11 01000000 10 0100000000000000 02000000"),
                encode(Collections.singletonList(data), TypeNode.array(TypeNode.timestampLtz(6))));
        assertEquals(
                Hex.strip("12 01000000 0f 0100000000000000 02000000 10 0100000000000000 02000000"),
                encode(
                        Collections.singletonMap(data, data),
                        TypeNode.map(TypeNode.timestamp(6), TypeNode.timestampLtz(6))));
        assertEquals(
                Hex.strip("13 0100 10 0100000000000000 02000000"),
                encode(
                        Row.of(data),
                        TypeNode.row(
                                Collections.singletonList("t"),
                                Collections.singletonList(TypeNode.timestampLtz(6)))));
    }

    @Test
    public void containers() {
        String list = "11 03000000 0500000000 00 0b 01000000 78";
        Object[] values = {0, null, "x"};
        assertBytes(list, values);
        assertBytes(list, Arrays.asList(values));
        assertBytes(list, new LinkedList<>(Arrays.asList(values)));
        assertBytes(list, new LinkedHashSet<>(Arrays.asList(values)));
        Map<Object, Object> map = new LinkedHashMap<>();
        map.put("x", 0);
        map.put(null, null);
        assertBytes("12 02000000 0b 01000000 78 0500000000 00 00", map);
        assertBytes("13 0300 0500000000 00 0b 01000000 78", Row.of(values));
        assertBytes("11 00000000", new ArrayList<>());
        assertBytes("11 02000000 0500000000 0501000000", new int[] {0, 1});
        assertBytes("11 01000000 060100000000000000", new long[] {1});
        assertBytes("11 01000000 08000000000000f03f", new double[] {1});
        assertBytes("11 01000000 070000803f", new float[] {1});
        assertBytes("11 01000000 040100", new short[] {1});
        assertBytes("11 02000000 02 01", new boolean[] {true, false});
        assertBytes("11 01000000 0b 01000000 78", new char[] {'x'});
        assertBytes("11 01000000 0c 01000000 01", new byte[][] {{1}});
        assertBytes(
                "11 01000000 12 01000000 0501000000 13 0100 02",
                Collections.singletonList(Collections.singletonMap(1, Row.of(true))));
    }

    @Test
    public void whatCanNotBeWrittenNamesColumnAndClass() {
        assertTrue(refused(new Object()).contains("class java.lang.Object"));
        assertTrue(refused(new java.util.concurrent.atomic.AtomicLong()).contains("AtomicLong"));
        assertTrue(refused(Collections.singletonList(Thread.State.NEW)).contains("State"));
        List<Object> endless = new ArrayList<>();
        endless.add(endless);
        assertTrue(refused(endless).contains("nested deeper than 64"));
    }

    @Test
    public void nestingUpToTheBound() {
        Object value = 1;
        for (int i = 0; i < BlockLayout.MAX_DEPTH; i++) {
            value = Collections.singletonList(value);
        }
        assertBytes(repeat("11 01000000", BlockLayout.MAX_DEPTH) + "05 01000000", value);
        assertTrue(refused(Collections.singletonList(value)).contains("nested deeper"));
    }

    @Test
    public void slotsAreTakenInTheColumnsOrder() {
        SlotEncoder encoder = new SlotEncoder(Arrays.asList("a", "b"), Arrays.asList(ANY, ANY));
        assertEquals(BlockLayout.SLOTS, encoder.encode(new Object[] {1, 2}, new RowBlock(64)));
        assertEquals("0102", Blocks.payload(encoder, new Object[] {false, true}));
        assertEquals("0102", Blocks.payload(encoder, new Object[] {false, true, "op"}));
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Blocks.payload(encoder, new Object[] {1}));
        assertTrue(e.getMessage(), e.getMessage().contains("1 slots for the columns [a, b]"));
        e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Blocks.payload(encoder, new Object[] {1, new Object()}));
        assertTrue(e.getMessage(), e.getMessage().startsWith("column b, slot 1: "));
        assertThrows(
                IllegalArgumentException.class,
                () -> new SlotEncoder(Arrays.asList("a"), Arrays.asList(ANY, ANY)));
    }

    private static String repeat(String text, int count) {
        return String.join("", Collections.nCopies(count, text));
    }
}
