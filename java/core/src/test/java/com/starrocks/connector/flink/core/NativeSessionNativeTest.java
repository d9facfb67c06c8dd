package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.After;
import org.junit.Before;
import org.junit.BeforeClass;
import org.junit.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Sessions of the real library, against a server that takes every load. */
public class NativeSessionNativeTest {

    private static final RowEncoder<Object[]> COLUMNS =
            new RowEncoder<Object[]>() {
                @Override
                public byte encode(Object[] row, RowBlock block) {
                    block.putInt((Integer) row[0]);
                    if (row[1] == null) {
                        block.putNull();
                    } else {
                        block.putString((String) row[1]);
                    }
                    return BlockLayout.SLOTS;
                }
            };

    private static final RowEncoder<byte[]> BAD_BLOCK =
            new RowEncoder<byte[]>() {
                @Override
                public byte encode(byte[] row, RowBlock block) {
                    block.putRaw(row);
                    return BlockLayout.SLOTS;
                }
            };

    private final List<LoadReport> loads = new ArrayList<>();
    private final SessionListener listener =
            new SessionListener() {
                @Override
                public void log(LogLevel level, String text) {
                    assertTrue(text, !text.contains("secret"));
                }

                @Override
                public void loadFinished(LoadReport load) {
                    loads.add(load);
                }
            };
    private LoadServer server;

    @BeforeClass
    public static void load() {
        NativeLibrary.load(null, Collections.<String>emptyList());
    }

    @Before
    public void start() throws IOException {
        server = new LoadServer();
    }

    @After
    public void stop() {
        server.close();
        assertEquals(0, NativeSession.liveSessions());
        assertEquals(0, NativeSession.liveThreads());
        assertEquals(0, NativeSession.liveBytes());
    }

    private NativeSession open(String loadUrl) {
        return NativeSession.open(LoadServer.config(loadUrl), 64 << 20, listener);
    }

    private static TableConfig table() {
        return TableConfig.columns("db", "t", TableConfig.Format.CSV)
                .column("id", TypeNode.of(TypeNode.Kind.INT), "int")
                .column("name", TypeNode.of(TypeNode.Kind.STRING), "varchar")
                .build();
    }

    @Test
    public void rowsArrive() throws Exception {
        try (NativeSession session = open(server.address())) {
            int table = session.addTable(table());
            assertEquals(table, session.addTable(table()));
            StringBuilder expected = new StringBuilder();
            for (int i = 0; i < 50_000; i++) {
                String name = i % 7 == 0 ? null : "name \u4e2d " + i;
                session.write(table, BlockLayout.UPSERT, new Object[] {i, name}, COLUMNS);
                expected.append(i).append('\t').append(name == null ? "\\N" : name).append('\n');
            }
            session.flush();
            session.awaitLoaded();
            session.check();
            session.drainEvents();
            assertEquals(expected.toString(), server.loaded());
            NativeCounters counters = session.counters();
            assertEquals(50_000, counters.rowsIn());
            assertEquals(50_000, counters.rowsLoaded());
            assertEquals(0, counters.bufferedBytes());
            assertEquals(1, counters.tables());
            assertEquals(50_000, loads.stream().mapToLong(LoadReport::rows).sum());
            assertTrue(loads.stream().allMatch(LoadReport::ok));
        }
    }

    @Test
    public void aLargeRowArrives() throws Exception {
        char[] text = new char[3 << 20];
        java.util.Arrays.fill(text, '\u4e2d');
        try (NativeSession session = open(server.address())) {
            int table = session.addTable(table());
            session.write(table, BlockLayout.UPSERT, new Object[] {1, new String(text)}, COLUMNS);
            session.flush();
            session.awaitLoaded();
            assertEquals("1\t" + new String(text) + "\n", server.loaded());
        }
    }

    @Test
    public void aServerThatIsNotThereIsAnError() throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        try (NativeSession session = open("127.0.0.1:" + free)) {
            int table = session.addTable(table());
            session.write(table, BlockLayout.UPSERT, new Object[] {1, "a"}, COLUMNS);
            session.flush();
            StarRocksNativeException e =
                    assertThrows(StarRocksNativeException.class, session::awaitLoaded);
            assertEquals(e.getMessage(), StarRocksNativeException.Code.CONNECT, e.code());
            assertTrue(e.getMessage(), e.getMessage().contains("127.0.0.1:" + free));
            assertTrue(e.getMessage(), !e.getMessage().contains("secret"));
            assertThrows(StarRocksNativeException.class, session::check);
            assertEquals(1, session.counters().loadsFailed());
        }
    }

    @Test
    public void aServerThatHangsIsLeftAtOnceOnCancel() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            NativeSession session = open("127.0.0.1:" + silent.getLocalPort());
            int table = session.addTable(table());
            session.write(table, BlockLayout.UPSERT, new Object[] {1, "a"}, COLUMNS);
            session.flush();
            long begin = System.nanoTime();
            new Thread(
                            () -> {
                                sleep(200);
                                session.cancel();
                            })
                    .start();
            StarRocksNativeException e =
                    assertThrows(StarRocksNativeException.class, session::awaitLoaded);
            assertEquals(e.getMessage(), StarRocksNativeException.Code.CANCELLED, e.code());
            session.close();
            assertTrue(System.nanoTime() - begin < 3_000_000_000L);
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    public void anInterruptEndsTheWait() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                NativeSession session = open("127.0.0.1:" + silent.getLocalPort())) {
            int table = session.addTable(table());
            session.write(table, BlockLayout.UPSERT, new Object[] {1, "a"}, COLUMNS);
            session.flush();
            Thread.currentThread().interrupt();
            long begin = System.nanoTime();
            assertThrows(InterruptedException.class, session::awaitLoaded);
            assertTrue(System.nanoTime() - begin < 1_000_000_000L);
        }
    }

    @Test
    public void aMalformedBlockIsAnError() throws Exception {
        for (byte[] payload :
                new byte[][] {
                    {},
                    {99},
                    {BlockLayout.TAG_I32},
                    {BlockLayout.TAG_STRING, -1, -1, -1, -1},
                    {0, 0, 0}
                }) {
            try (NativeSession session = open(server.address())) {
                int table = session.addTable(table());
                session.write(table, BlockLayout.UPSERT, payload, BAD_BLOCK);
                StarRocksNativeException e =
                        assertThrows(StarRocksNativeException.class, session::submit);
                assertTrue(
                        e.code() + " " + e.getMessage(),
                        e.code() == StarRocksNativeException.Code.BLOCK
                                || e.code() == StarRocksNativeException.Code.ROW);
            }
        }
    }

    @Test
    public void anUnknownTableIsAnError() throws Exception {
        try (NativeSession session = open(server.address())) {
            session.write(7, BlockLayout.UPSERT, new Object[] {1, "a"}, COLUMNS);
            StarRocksNativeException e =
                    assertThrows(StarRocksNativeException.class, session::submit);
            assertEquals(StarRocksNativeException.Code.BLOCK, e.code());
        }
    }

    @Test
    public void aWrongSettingIsAnError() {
        StarRocksNativeException e =
                assertThrows(
                        StarRocksNativeException.class,
                        () ->
                                NativeSession.open(
                                        LoadServer.config(server.address())
                                                .put("sink.max-retries", "many"),
                                        1 << 20,
                                        listener));
        assertEquals(StarRocksNativeException.Code.CONFIG, e.code());
        assertTrue(e.getMessage(), e.getMessage().contains("sink.max-retries"));
    }

    @Test
    public void staleHandlesAreExceptions() {
        long[] handles = {0, -1, Long.MAX_VALUE, 1L << 32, 12345};
        for (long handle : handles) {
            assertStale(() -> Native.check(handle));
            assertStale(() -> Native.flush(handle));
            assertStale(() -> Native.await(handle, 0));
            assertStale(() -> Native.drainEvents(handle));
            assertStale(() -> Native.addTable(handle, new byte[0]));
        }
    }

    private static void assertStale(org.junit.function.ThrowingRunnable call) {
        StarRocksNativeException e = assertThrows(StarRocksNativeException.class, call);
        assertEquals(StarRocksNativeException.Code.CLOSED, e.code());
    }

    @Test
    public void aSchemaThatCanNotBeReadIsAnError() {
        StarRocksNativeException e =
                assertThrows(
                        StarRocksNativeException.class,
                        () ->
                                NativeSession.readTable(
                                        LoadServer.config(server.address())
                                                .put("database", "db")
                                                .put("table", "t")));
        assertEquals(e.getMessage(), StarRocksNativeException.Code.CONNECT, e.code());
        assertTrue(e.getMessage(), e.getMessage().contains("127.0.0.1:1"));
    }

    @Test
    public void layoutsAgree() {
        assertEquals(BlockLayout.ABI, Native.abi());
    }
}
