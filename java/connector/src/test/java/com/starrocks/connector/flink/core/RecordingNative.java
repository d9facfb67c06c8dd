package com.starrocks.connector.flink.core;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Native methods that write down what they are called with, for tests of what is above them. */
public class RecordingNative implements NativeCalls {

    /** Rows as {@code table/op/text}; of rows in slots the text is their first value. */
    public final List<String> rows = new ArrayList<>();

    /** Names of the calls, except for those that only look. */
    public final List<String> calls = new ArrayList<>();

    /** Tables as {@code database.table}, at their ids. */
    public final List<String> tables = new ArrayList<>();

    /** The encoded columns of tables whose rows aren't text, byte by byte a character. */
    public final List<String> columns = new ArrayList<>();

    /** The pairs of the session, as {@code key=value}. */
    public final List<String> config = new ArrayList<>();

    /** Pieces that were restored, as text. */
    public final List<String> restored = new ArrayList<>();

    /** Pieces that the next checkpoint hands out, as text. */
    public final List<String> state = new ArrayList<>();

    /** Pieces that are settled, as text. */
    public final List<String> settled = new ArrayList<>();

    /** Thrown by {@link #check} and by all waits. */
    public volatile RuntimeException failure;

    /** Thrown by {@link #awaitCheckpoint} alone. */
    public volatile RuntimeException checkpointFailure;

    /** Whether waits never end. */
    public volatile boolean stuck;

    /** Turns that the next wait takes beyond the first. */
    public volatile int turns;

    private final ByteSink events = new ByteSink();
    private boolean anyEvents;
    private ByteBuffer counters;

    /** Opens a session on these methods. */
    public NativeSession open(PairsWriter pairs, long maxRowBytes, SessionListener listener) {
        return NativeSession.open(this, pairs, 1024, maxRowBytes, listener);
    }

    /** Sets a counter. */
    public void count(int index, long value) {
        counters.putLong(index * Long.BYTES, value);
    }

    /** Has the next drain tell of a load. */
    public void loaded(boolean ok, long rowCount, long bytes, long nanos, long loadMillis) {
        anyEvents = true;
        events.u8(2);
        events.u8(ok ? 1 : 0);
        events.i64(rowCount);
        events.i64(bytes);
        events.i64(nanos);
        events.i64(ok ? nanos : -1);
        events.i32(ok ? 1 : -1);
        events.i64(loadMillis);
        for (int i = 0; i < 4; i++) {
            events.i64(-1);
        }
    }

    @Override
    public long open(byte[] pairs, ByteBuffer memory) {
        calls.add("open");
        counters = memory.duplicate().order(ByteOrder.nativeOrder());
        PairsReader reader = new PairsReader(pairs);
        for (String key : reader.keys()) {
            config.add(key.equals("context.zone-transitions") ? key : key + "=" + reader.text(key));
        }
        return 7;
    }

    @Override
    public int addTable(long session, byte[] table) {
        PairsReader reader = new PairsReader(table);
        String name =
                reader.text("database")
                        + "."
                        + reader.text("table")
                        + ("true".equals(reader.text("op")) ? "+op" : "");
        if (!tables.contains(name)) {
            tables.add(name);
        }
        if (reader.keys().contains("columns")) {
            columns.add(new String(reader.bytes("columns"), StandardCharsets.ISO_8859_1));
        }
        calls.add("addTable");
        return tables.indexOf(name);
    }

    @Override
    public int submit(long session, ByteBuffer block, int from, int to, int waitMs) {
        ByteBuffer in = block.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        for (int at = from; at < to; ) {
            int length = in.getInt(at);
            int payload = at + BlockLayout.FRAME_HEADER;
            boolean raw = in.get(at + 7) == BlockLayout.RAW;
            String text = raw ? text(in, payload, length) : value(in, payload);
            rows.add(in.getShort(at + 4) + "/" + in.get(at + 6) + "/" + text);
            at = payload + length;
        }
        calls.add("submit");
        return to;
    }

    private static String value(ByteBuffer in, int at) {
        switch (in.get(at)) {
            case BlockLayout.TAG_NULL:
                return "NULL";
            case BlockLayout.TAG_I32:
                return String.valueOf(in.getInt(at + 1));
            case BlockLayout.TAG_I64:
                return String.valueOf(in.getLong(at + 1));
            case BlockLayout.TAG_STRING:
                return text(in, at + 5, in.getInt(at + 1));
            default:
                return "tag " + in.get(at);
        }
    }

    private static String text(ByteBuffer in, int at, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = in.get(at + i);
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public void flush(long session) {
        calls.add("flush");
    }

    @Override
    public boolean await(long session, int waitMs) {
        return turn("await");
    }

    @Override
    public void restore(long session, byte[] piece) {
        calls.add("restore");
        restored.add(new String(piece, StandardCharsets.UTF_8));
    }

    @Override
    public boolean awaitReady(long session, int waitMs) {
        return turn("awaitReady");
    }

    @Override
    public boolean isSettled(long session, byte[] piece) {
        calls.add("isSettled");
        return settled.contains(new String(piece, StandardCharsets.UTF_8));
    }

    @Override
    public void beginCheckpoint(long session, long checkpoint) {
        calls.add("beginCheckpoint " + checkpoint);
    }

    @Override
    public boolean awaitCheckpoint(long session, int waitMs) {
        if (checkpointFailure != null) {
            throw checkpointFailure;
        }
        return turn("awaitCheckpoint");
    }

    @Override
    public byte[] nextState(long session) {
        return state.isEmpty() ? null : state.remove(0).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void completeCheckpoint(long session, long checkpoint) {
        calls.add("completeCheckpoint " + checkpoint);
    }

    @Override
    public void finish(long session) {
        calls.add("finish");
    }

    /** One turn of a wait, written down when it is over. */
    private boolean turn(String wait) {
        if (failure != null) {
            throw failure;
        }
        if (stuck || turns-- > 0) {
            return false;
        }
        turns = 0;
        calls.add(wait);
        return true;
    }

    @Override
    public byte[] drainEvents(long session) {
        if (!anyEvents) {
            return null;
        }
        anyEvents = false;
        return events.toByteArray();
    }

    @Override
    public void check(long session) {
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void cancel(long session) {
        calls.add("cancel");
    }

    @Override
    public void close(long session) {
        calls.add("close");
    }
}
