package com.starrocks.connector.flink.sink2;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.starrocks.connector.flink.connector.PlayedWriters;
import com.starrocks.connector.flink.core.RecordingNative;
import com.starrocks.connector.flink.table.sink.v2.StarRocksCommittable;

import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.configuration.Configuration;
import org.junit.After;
import org.junit.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/** A committer above native methods that a test plays. */
public class SinkV2CommitterTest {

    private static final long RESTORED = 5;

    /** Turns that end by themselves, so that who waits for as long as it takes gets there. */
    private static final int LONG = 50;

    /** Index of the counter; see {@code NativeCounters}. */
    private static final int STALLED = 34;

    private final RecordingNative library = new RecordingNative();
    private final SinkV2Committer committer =
            new SinkV2Committer(() -> PlayedWriters.openCommitter(library), RESTORED, 0);

    @After
    public void close() {
        Thread.interrupted();
        committer.close();
    }

    /** Opens the session, and has it stand as if the server were gone. */
    private void unreachable() throws Exception {
        committer.commit(requests(new Request(1, 0, "first")));
        library.restored.clear();
        library.calls.clear();
        library.count(STALLED, 1);
    }

    private static Collection<Committer.CommitRequest<StarRocksCommittable>> requests(
            Request... requests) {
        return Arrays.<Committer.CommitRequest<StarRocksCommittable>>asList(requests);
    }

    private static List<String> left(Request... requests) {
        List<String> left = new ArrayList<>();
        for (Request request : requests) {
            if (request.later > 0) {
                left.add(request + " " + request.later);
            }
        }
        return left;
    }

    /** Flink up to 1.18 tells a committer of nothing. */
    @Test
    public void temporaryFoldersAreThoseOfFlinksConfiguration() {
        Configuration flink = new Configuration();
        flink.setString("io.tmp.dirs", "/one,/two");
        assertEquals(Arrays.asList("/one", "/two"), SinkV2Committer.temporaryFolders(flink));
        assertEquals(
                Arrays.asList(System.getProperty("java.io.tmpdir")),
                SinkV2Committer.temporaryFolders(new Configuration()));
    }

    @Test
    public void nothingToDoOpensNothing() throws Exception {
        committer.commit(requests());
        assertTrue(library.calls.isEmpty());
    }

    @Test
    public void allAreSettledInTheirOrderByOneSession() throws Exception {
        Request[] all = {new Request(6, 0, "c"), new Request(6, 0, "a"), new Request(7, 0, "b")};
        committer.commit(requests(all));
        committer.commit(requests(new Request(8, 0, "d")));
        assertEquals(Arrays.asList("c", "a", "b", "d"), library.restored);
        assertEquals(
                Arrays.asList(
                        "open",
                        "restore",
                        "restore",
                        "restore",
                        "awaitReady",
                        "restore",
                        "awaitReady"),
                library.calls);
        assertTrue(left(all).isEmpty());
    }

    @Test
    public void freshOnesThatAreNotSettledAreLeftToFlink() throws Exception {
        unreachable();
        library.stuck = true;
        library.settled.add("b");
        Request[] all = {new Request(6, 0, "a"), new Request(6, 0, "b"), new Request(6, 4, "c")};
        committer.commit(requests(all));
        assertEquals(Arrays.asList("a 1", "c 1"), left(all));
        library.stuck = false;
        committer.commit(requests(all[0], all[2]));
        assertEquals(Arrays.asList("a", "b", "c", "a", "c"), library.restored);
        assertEquals(Arrays.asList("a 1", "c 1"), left(all));
    }

    @Test
    public void aServerThatAnswersIsWaitedFor() throws Exception {
        unreachable();
        library.count(STALLED, 0);
        library.turns = LONG;
        Request fresh = new Request(6, 0, "a");
        committer.commit(requests(fresh));
        assertTrue(left(fresh).isEmpty());
    }

    @Test
    public void restoredOnesAreWaitedForWhateverComesWithThem() throws Exception {
        unreachable();
        for (Request[] all :
                new Request[][] {
                    {new Request(RESTORED, 0, "a")},
                    {new Request(RESTORED + 1, 0, "a"), new Request(RESTORED, 0, "b")},
                    {new Request(RESTORED - 1, 0, "a"), new Request(RESTORED + 1, 0, "b")},
                }) {
            library.turns = LONG;
            committer.commit(requests(all));
            assertTrue(left(all).isEmpty());
        }
    }

    @Test
    public void onesThatFlinkTriedOftenAreWaitedFor() throws Exception {
        unreachable();
        library.turns = LONG;
        Request[] all = {new Request(6, 0, "a"), new Request(6, 5, "b")};
        committer.commit(requests(all));
        assertTrue(left(all).isEmpty());
    }

    @Test
    public void failuresAndInterruptsAreFlinks() throws Exception {
        unreachable();
        library.stuck = true;
        Request restored = new Request(RESTORED, 0, "a");
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> committer.commit(requests(restored)));
        library.failure = new IllegalStateException("refused");
        assertEquals(
                "refused",
                assertThrows(
                                IllegalStateException.class,
                                () -> committer.commit(requests(new Request(6, 0, "b"))))
                        .getMessage());
        assertTrue(left(restored).isEmpty());
    }

    @Test
    public void closingAbandonsAndFrees() throws Exception {
        committer.commit(requests(new Request(6, 0, "a")));
        library.calls.clear();
        committer.close();
        assertEquals(Arrays.asList("cancel", "close"), library.calls);
        assertEquals(Collections.emptyList(), library.state);
    }

    /** A request that counts what it is told. */
    private static final class Request implements Committer.CommitRequest<StarRocksCommittable> {

        private final StarRocksCommittable committable;
        private final int retries;
        private int later;

        Request(long checkpoint, int retriesBefore, String record) {
            committable = new StarRocksCommittable(checkpoint, record.getBytes(UTF_8));
            retries = retriesBefore;
        }

        @Override
        public StarRocksCommittable getCommittable() {
            return committable;
        }

        @Override
        public int getNumberOfRetries() {
            return retries;
        }

        @Override
        public void retryLater() {
            later++;
        }

        @Override
        public void signalFailedWithKnownReason(Throwable reason) {
            throw new AssertionError("rows would be lost", reason);
        }

        @Override
        public void signalFailedWithUnknownReason(Throwable reason) {
            throw new AssertionError("rows would be lost", reason);
        }

        @Override
        public void updateAndRetryLater(StarRocksCommittable other) {
            throw new AssertionError("a record stands for itself");
        }

        @Override
        public void signalAlreadyCommitted() {
            throw new AssertionError("nobody asked");
        }

        @Override
        public String toString() {
            return new String(committable.record(), UTF_8);
        }
    }
}
