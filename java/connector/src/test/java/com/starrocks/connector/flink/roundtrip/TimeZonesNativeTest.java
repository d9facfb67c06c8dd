package com.starrocks.connector.flink.roundtrip;

import static org.junit.Assert.assertEquals;

import com.starrocks.connector.flink.connector.FlinkTable;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

import java.sql.Date;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TimeZone;

/**
 * Days and times with different default zones of the JVM, around all kinds of changes of their
 * offsets: dates and wall times arrive as they are, instants as wall time in the zone that the sink
 * is told, or in the default one.
 */
@RunWith(Parameterized.class)
public class TimeZonesNativeTest {

    /** Zones with summer time, gaps at midnight, a day left out, odd offsets, and none of these. */
    @Parameterized.Parameters(name = "{0}")
    public static Object[] zones() {
        return new Object[] {
            "UTC", "America/New_York", "America/Sao_Paulo", "Europe/Berlin", "Africa/Monrovia",
            "Asia/Shanghai", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "+14:00"
        };
    }

    private final ZoneId zone;
    private final TimeZone before = TimeZone.getDefault();
    private Sandbox sandbox;

    /** One of the zones. */
    public TimeZonesNativeTest(String zone) {
        this.zone = ZoneId.of(zone);
    }

    /** The sandbox, if there is one, and the zone. */
    @Before
    public void start() throws Exception {
        sandbox = Sandbox.get();
        TimeZone.setDefault(TimeZone.getTimeZone(zone));
    }

    /** The zone that was. */
    @After
    public void restore() {
        TimeZone.setDefault(before);
    }

    private static FlinkTable schema() {
        return Sinks.schema(
                Arrays.asList("id", "d", "t", "z", "c"),
                Arrays.asList(
                        DataTypes.INT(),
                        DataTypes.DATE(),
                        DataTypes.TIMESTAMP(9),
                        DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(9),
                        DataTypes.TIME(3)));
    }

    private String create() throws Exception {
        return sandbox.create(
                "id INT, d DATE, t DATETIME, z DATETIME, c VARCHAR(20)", "DUPLICATE KEY(id)");
    }

    /** Moments around changes of the offset, at the ends of time, and any others. */
    private List<Instant> moments(Random random) {
        List<Instant> moments = new ArrayList<>();
        ZoneRules rules = zone.getRules();
        List<ZoneOffsetTransition> transitions = new ArrayList<>(rules.getTransitions());
        for (int year : new int[] {2024, 2037, 2038, 2100, 9998}) {
            ZoneOffsetTransition next =
                    rules.nextTransition(
                            LocalDate.of(year, 1, 1).atStartOfDay().toInstant(ZoneOffset.UTC));
            if (next != null) {
                transitions.add(next);
            }
        }
        for (ZoneOffsetTransition transition : transitions) {
            for (long seconds : new long[] {-3600, -1, 0, 1, 1800, 3600}) {
                moments.add(transition.getInstant().plusSeconds(seconds));
            }
            // Before 1970, its millisecond rounds to the second of the change if it is cut off.
            moments.add(transition.getInstant().minusMillis(1));
            moments.add(transition.getInstant().minusNanos(1));
        }
        moments.add(LocalDateTime.of(1, 1, 1, 0, 0).atZone(zone).toInstant());
        moments.add(LocalDateTime.of(9999, 12, 31, 23, 59, 59).atZone(zone).toInstant());
        for (int i = 0; i < 200; i++) {
            long second = -62_000_000_000L + (long) (random.nextDouble() * 315_000_000_000L);
            moments.add(Instant.ofEpochSecond(second, random.nextInt(1_000_000_000)));
        }
        return moments;
    }

    private void assertShown(String about, String table, List<List<String>> expected)
            throws Exception {
        List<List<String>> shown =
                sandbox.selectText(
                        "SELECT * FROM " + Sandbox.DATABASE + "." + table + " ORDER BY id");
        assertEquals(about, expected.size(), shown.size());
        for (int i = 0; i < shown.size(); i++) {
            assertEquals(about, expected.get(i), shown.get(i));
        }
    }

    /** Objects of {@code java.sql} show fields in the default zone, and those arrive. */
    @Test
    public void objectsOfJavaSql() throws Exception {
        long seed = System.nanoTime();
        String table = create();
        List<List<String>> expected = new ArrayList<>();
        List<Object[]> rows = new ArrayList<>();
        for (Instant moment : moments(new Random(seed))) {
            Timestamp timestamp = Timestamp.from(moment);
            Date date = new Date(moment.toEpochMilli());
            Time time = new Time(moment.toEpochMilli());
            // The texts of these classes are the JDK's own reading of them. In the calendar before
            // 1582 there are days that StarRocks doesn't have.
            String day = date.toString();
            if (!isDay(day)) {
                continue;
            }
            int id = rows.size();
            rows.add(new Object[] {id, date, timestamp, new java.util.Date(date.getTime()), time});
            expected.add(
                    Arrays.asList(
                            id + "",
                            day,
                            micros(timestamp.toString()),
                            Kind.show(
                                    LocalDateTime.ofInstant(
                                            Instant.ofEpochMilli(date.getTime()), zone)),
                            time + millis(time.getTime())));
        }
        // No zone is named: it is the default one of where the sink is made.
        Sinks.load(
                Sinks.slots(sandbox.options(table, Dialect.JSON.options()), schema()),
                rows.toArray(new Object[0][]));
        assertShown("seed " + seed, table, expected);
    }

    private static boolean isDay(String text) {
        try {
            return LocalDate.parse(text).getYear() <= 9999;
        } catch (java.time.format.DateTimeParseException e) {
            return false;
        }
    }

    /** {@code 2000-01-01 00:00:00.123456789} or {@code .0}, as the server shows it. */
    private static String micros(String timestamp) {
        String[] parts = timestamp.split("\\.");
        String fraction = (parts[1] + "00000").substring(0, 6);
        return parts[0] + (fraction.equals("000000") ? "" : "." + fraction);
    }

    private static String millis(long millis) {
        long of = Math.floorMod(millis, 1000L);
        return of == 0 ? "" : String.format(".%03d", of);
    }

    /** Wall times that no clock of the zone has shown, and those it has shown twice. */
    @Test
    public void wallTimesInGapsAndOverlaps() throws Exception {
        long seed = System.nanoTime();
        String table = create();
        List<List<String>> expected = new ArrayList<>();
        List<Object[]> rows = new ArrayList<>();
        for (Instant moment : moments(new Random(seed))) {
            for (int shift : new int[] {0, 1800, -1800}) {
                LocalDateTime wall = LocalDateTime.ofInstant(moment, zone);
                if (wall.getYear() > 1 && wall.getYear() < 9999) {
                    wall = wall.plusSeconds(shift);
                }
                int id = rows.size();
                rows.add(new Object[] {id, wall.toLocalDate(), wall, moment, null});
                String inZone = Kind.show(LocalDateTime.ofInstant(moment, zone));
                expected.add(
                        Arrays.asList(
                                id + "", wall.toLocalDate() + "", Kind.show(wall), inZone, null));
            }
        }
        Sinks.load(
                Sinks.slots(sandbox.options(table, Dialect.CSV_CONTROL.options()), schema()),
                rows.toArray(new Object[0][]));
        assertShown("seed " + seed, table, expected);
    }

    /** The zone of the options counts, not the default one, and not that of the session. */
    @Test
    public void theZoneOfTheOptions() throws Exception {
        long seed = System.nanoTime();
        for (String named : new String[] {"UTC", "Asia/Shanghai", "America/St_Johns", "+08:00"}) {
            String table = create();
            List<List<String>> expected = new ArrayList<>();
            List<RowData> rows = new ArrayList<>();
            for (Instant moment : moments(new Random(seed))) {
                LocalDateTime wall = LocalDateTime.ofInstant(moment, ZoneId.of(named));
                if (wall.getYear() < 1 || wall.getYear() > 9999) {
                    continue;
                }
                int id = rows.size();
                TimestampData time = TimestampData.fromLocalDateTime(wall);
                rows.add(
                        GenericRowData.of(
                                id,
                                (int) wall.toLocalDate().toEpochDay(),
                                time,
                                TimestampData.fromInstant(moment),
                                (int) (wall.toLocalTime().toNanoOfDay() / 1_000_000)));
                int millis = wall.getNano() / 1_000_000;
                expected.add(
                        Arrays.asList(
                                id + "",
                                wall.toLocalDate() + "",
                                Kind.show(wall),
                                Kind.show(wall),
                                Kind.show(wall).substring(11, 19) + millis(millis)));
            }
            Map<String, String> options = sandbox.options(table, Dialect.JSON.options());
            options.put("sink.timestamp-ltz.time-zone", named);
            Sinks.load(Sinks.sql(options, schema()), rows.toArray(new RowData[0]));
            assertShown("seed " + seed + ", " + named, table, expected);
        }
    }
}
