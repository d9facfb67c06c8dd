package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

import java.util.Arrays;
import java.util.NoSuchElementException;

/** The pairs in which configuration crosses the native boundary. */
public class PairsTest {

    @Test
    public void pairsAreCountedKeysAndValues() {
        byte[] bytes =
                new PairsWriter()
                        .put("a", "\u00fc")
                        .put("bc", new byte[] {0, -1})
                        .put("n", 12L)
                        .put("t", true)
                        .toByteArray();
        assertEquals(
                Hex.strip(
                        "04000000"
                                + "01000000 61 02000000 c3bc"
                                + "02000000 6263 02000000 00ff"
                                + "01000000 6e 02000000 3132"
                                + "01000000 74 04000000 74727565"),
                Hex.of(bytes));

        PairsReader pairs = new PairsReader(bytes);
        assertEquals("[a, bc, n, t]", pairs.keys().toString());
        assertEquals("\u00fc", pairs.text("a"));
        assertArrayEquals(new byte[] {0, -1}, pairs.bytes("bc"));
        assertThrows(NoSuchElementException.class, () -> pairs.text("z"));
    }

    @Test
    public void theLastValueOfAKeyCounts() {
        PairsReader pairs =
                new PairsReader(new PairsWriter().put("k", 1).put("k", 2).toByteArray());
        assertEquals("2", pairs.text("k"));
    }

    @Test
    public void textsDoNotShowValues() {
        PairsWriter writer = new PairsWriter().put("password", "secret");
        assertEquals("PairsWriter[password]", writer.toString());
        assertEquals("PairsReader[password]", new PairsReader(writer.toByteArray()).toString());
    }

    @Test
    public void whatIsCutShortIsRefused() {
        byte[] whole = new PairsWriter().put("key", "value").put("k", "v").toByteArray();
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> new PairsReader(part));
            assertTrue(e.getMessage(), e.getMessage().startsWith("pairs end at byte " + length));
        }
        byte[] longer = Arrays.copyOf(whole, whole.length + 1);
        assertThrows(IllegalArgumentException.class, () -> new PairsReader(longer));
    }

    @Test
    public void lengthsThatLieAreRefused() {
        for (String hex :
                new String[] {
                    "ffffffff",
                    "01000000 ffffffff",
                    "01000000 00000000 ffffff7f",
                    "02000000 01000000 61 00000000 01000000 61 00000000"
                }) {
            assertThrows(
                    hex, IllegalArgumentException.class, () -> new PairsReader(Hex.parse(hex)));
        }
    }

    @Test
    public void valuesAreCopies() {
        byte[] value = {1};
        PairsWriter writer = new PairsWriter().put("k", value);
        value[0] = 2;
        PairsReader reader = new PairsReader(writer.toByteArray());
        reader.bytes("k")[0] = 3;
        assertArrayEquals(new byte[] {1}, reader.bytes("k"));
        assertFalse(reader.keys().isEmpty());
    }
}
