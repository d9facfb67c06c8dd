package com.starrocks.connector.flink.table.sink.v2;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** What Flink keeps, as it was when it was written; see the README in {@code tests/state}. */
public class SerializersTest {

    private final StarRocksCommittableSerializer committables =
            new StarRocksCommittableSerializer();
    private final StarRocksWriterStateSerializer states = new StarRocksWriterStateSerializer();

    private static byte[] kept(String name) throws IOException {
        Path folder = Paths.get(System.getProperty("starrocks.test.state"));
        return Files.readAllBytes(folder.resolve(name + ".bin"));
    }

    private String refusedState(byte[] bytes) {
        return assertThrows(IOException.class, () -> states.deserialize(1, bytes)).getMessage();
    }

    @Test
    public void committablesOfVersion1() throws Exception {
        byte[] bytes = kept("sinkv2/v1-committable");
        StarRocksCommittable read = committables.deserialize(1, bytes);
        assertEquals(7, read.checkpoint());
        assertArrayEquals(kept("v1-prepared"), read.record());
        assertEquals(1, committables.getVersion());
        assertArrayEquals(bytes, committables.serialize(read));
    }

    @Test
    public void writerStatesOfVersion1() throws Exception {
        byte[] bytes = kept("sinkv2/v1-writer-state");
        StarRocksWriterState read = states.deserialize(1, bytes);
        List<byte[]> records = read.records();
        assertEquals(2, records.size());
        assertArrayEquals(kept("v1-labels"), records.get(0));
        assertArrayEquals(kept("v1-prepared"), records.get(1));
        assertEquals(1, states.getVersion());
        assertArrayEquals(bytes, states.serialize(read));
    }

    @Test
    public void emptyOnes() throws Exception {
        byte[] nothing = states.serialize(new StarRocksWriterState(Collections.emptyList()));
        assertArrayEquals(new byte[4], nothing);
        assertTrue(states.deserialize(1, nothing).records().isEmpty());
        byte[] bare = committables.serialize(new StarRocksCommittable(-2, new byte[0]));
        assertEquals(-2, committables.deserialize(1, bare).checkpoint());
        assertEquals(0, committables.deserialize(1, bare).record().length);
    }

    @Test
    public void unknownVersionsSayWhatToDo() throws Exception {
        for (int version : new int[] {0, 2, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            IOException e =
                    assertThrows(
                            IOException.class,
                            () -> committables.deserialize(version, new byte[8]));
            assertEquals(
                    "A committable of the StarRocks sink is of version "
                            + version
                            + ", and this sink reads versions up to 1: restore with the version of"
                            + " the sink that wrote it, or a later one",
                    e.getMessage());
            e = assertThrows(IOException.class, () -> states.deserialize(version, new byte[4]));
            assertTrue(
                    e.getMessage(),
                    e.getMessage()
                            .startsWith(
                                    "A writer's state of the StarRocks sink is of version "
                                            + version));
        }
    }

    @Test
    public void damagedOnesAreRefused() throws Exception {
        for (int length = 0; length < Long.BYTES; length++) {
            byte[] cut = new byte[length];
            IOException e = assertThrows(IOException.class, () -> committables.deserialize(1, cut));
            assertEquals(
                    "A committable of the StarRocks sink has "
                            + length
                            + " bytes: it is cut off. Restore from another checkpoint.",
                    e.getMessage());
        }
        byte[] whole = kept("sinkv2/v1-writer-state");
        for (int length = 0; length < whole.length; length++) {
            assertEquals(
                    "The state of a writer of the StarRocks sink, "
                            + length
                            + " bytes, is damaged: it ends inside a record. Restore from another"
                            + " checkpoint.",
                    refusedState(Arrays.copyOf(whole, length)));
        }
        String longer = refusedState(Arrays.copyOf(whole, whole.length + 3));
        assertTrue(longer, longer.contains("3 bytes follow its last record"));
        byte[] negative = whole.clone();
        negative[0] = -1;
        assertTrue(refusedState(negative).contains("it counts -"));
        byte[] negativeLength = whole.clone();
        negativeLength[4] = -1;
        assertTrue(refusedState(negativeLength).contains("ends inside a record"));
    }
}
