package com.starrocks.connector.flink.core;

/**
 * Reads the events of a session: records of u8 type and body, one after the other.
 *
 * <ul>
 *   <li>1, a log line: u8 level (1 debug to 4 error), u32 n, n bytes of UTF-8
 *   <li>2, a load's end: the fields of {@link LoadReport}, u8 ok, four i64, i32 retries, five i64
 * </ul>
 */
final class EventReader {

    private static final int LOG = 1;
    private static final int LOAD = 2;

    private EventReader() {}

    static void read(byte[] events, SessionListener listener) {
        ByteSource in = new ByteSource(events, "events of a session");
        while (in.hasMore()) {
            int type = in.u8();
            switch (type) {
                case LOG:
                    listener.log(level(in.u8()), in.text());
                    break;
                case LOAD:
                    listener.loadFinished(new LoadReport(in));
                    break;
                default:
                    throw new IllegalArgumentException("unknown type of event: " + type);
            }
        }
    }

    private static LogLevel level(int number) {
        LogLevel[] levels = LogLevel.values();
        if (number < 1 || number > levels.length) {
            throw new IllegalArgumentException("unknown log level of an event: " + number);
        }
        return levels[number - 1];
    }
}
