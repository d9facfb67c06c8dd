package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;

/** Bytes of row blocks. */
public class RowBlockTest {

    private static void assertBytes(String expected, Consumer<RowBlock> put) {
        RowBlock block = new RowBlock(4096);
        put.accept(block);
        assertEquals(Hex.strip(expected), Hex.of(block));
    }

    @Test
    public void everyValueHasItsTagAndBody() {
        assertBytes("00", RowBlock::putNull);
        assertBytes("01", b -> b.putBoolean(false));
        assertBytes("02", b -> b.putBoolean(true));
        assertBytes("03 80", b -> b.putByte(Byte.MIN_VALUE));
        assertBytes("04 feff", b -> b.putShort((short) -2));
        assertBytes("05 78563412", b -> b.putInt(0x12345678));
        assertBytes("06 0000000000000080", b -> b.putLong(Long.MIN_VALUE));
        assertBytes("07 0000803f", b -> b.putFloat(1.0f));
        assertBytes("08 000000000000f03f", b -> b.putDouble(1.0));
        assertBytes("09 02 d204000000000000", b -> b.putDecimal(2, 1234));
        assertBytes("0a 02 02 fb2e", b -> b.putDecimal(2, BigInteger.valueOf(-1234).toByteArray()));
        assertBytes("0b 02000000 6869", b -> b.putString("hi"));
        assertBytes("0b 02000000 6869", b -> b.putString(new StringBuilder("hi")));
        assertBytes("0b 02000000 6869", b -> b.putString(new byte[] {'h', 'i'}));
        assertBytes("0b 00000000", b -> b.putString(""));
        assertBytes("0c 03000000 00ff7f", b -> b.putBytes(new byte[] {0, -1, 127}));
        assertBytes("0d ffffffff", b -> b.putDate(-1));
        assertBytes("0e ffff4e91944e0000", b -> b.putTime(86_399_999_999_999L));
        assertBytes("0f e803000000000000 40e20100", b -> b.putTimestamp(1000, 123456));
        assertBytes("10 e803000000000000 40e20100", b -> b.putTimestampLtz(1000, 123456));
        assertBytes("11 03000000", b -> b.putArrayHeader(3));
        assertBytes("12 03000000", b -> b.putMapHeader(3));
        assertBytes("13 0300", b -> b.putRowHeader(3));
        assertBytes("14 01 05", b -> b.putBigInteger(new byte[] {5}));
        assertBytes("68c3bc", b -> b.putRaw("hü"));
        assertBytes("68c3bc", b -> b.putRaw("hü".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    public void framesCarryLengthTableOpAndEncoding() {
        RowBlock block = new RowBlock(64);
        block.beginFrame(0xFFFE, BlockLayout.DELETE);
        block.putInt(1);
        block.endFrame(BlockLayout.SLOTS);
        block.beginFrame(1, BlockLayout.UPSERT);
        block.endFrame(BlockLayout.RAW);
        assertEquals(
                Hex.strip("05000000 feff 01 02  05 01000000  00000000 0100 00 01"), Hex.of(block));
        assertEquals(2, block.rows());
        block.clear();
        assertTrue(block.isEmpty());
        assertEquals(0, block.length());
    }

    @Test
    public void aRowThatDoesNotFitLeavesNothingBehind() {
        RowBlock block = new RowBlock(64);
        block.beginFrame(0, BlockLayout.UPSERT);
        block.putLong(7);
        block.endFrame(BlockLayout.SLOTS);
        String before = Hex.of(block);

        block.beginFrame(0, BlockLayout.UPSERT);
        block.putLong(8);
        assertThrows(
                BlockFullException.class,
                () -> block.putString("a string longer than what is left in the block"));
        block.rollbackFrame();
        assertEquals(before, Hex.of(block));
        assertEquals(1, block.rows());
    }

    @Test
    public void everyPutStopsAtTheEnd() {
        byte[] bytes = new byte[32];
        java.util.List<Consumer<RowBlock>> puts =
                Arrays.asList(
                        RowBlock::putNull,
                        b -> b.putBoolean(true),
                        b -> b.putByte((byte) 1),
                        b -> b.putShort((short) 1),
                        b -> b.putInt(1),
                        b -> b.putLong(1),
                        b -> b.putFloat(1),
                        b -> b.putDouble(1),
                        b -> b.putDecimal(0, 1),
                        b -> b.putDecimal(0, bytes),
                        b -> b.putBigInteger(bytes),
                        b -> b.putString("text"),
                        b -> b.putString("\u00fc\u20ac\ud83d\ude00"),
                        b -> b.putString(bytes),
                        b -> b.putBytes(bytes),
                        b -> b.putStringHeader(1),
                        b -> b.reserve(1),
                        b -> b.putDate(1),
                        b -> b.putTime(1),
                        b -> b.putTimestamp(1, 1),
                        b -> b.putTimestampLtz(1, 1),
                        b -> b.putArrayHeader(1),
                        b -> b.putMapHeader(1),
                        b -> b.putRowHeader(1),
                        b -> b.putRaw(bytes),
                        b -> b.putRaw("text"),
                        b -> b.beginFrame(0, (byte) 0));
        for (Consumer<RowBlock> put : puts) {
            RowBlock measured = new RowBlock(256);
            put.accept(measured);
            int size = measured.length();

            RowBlock exact = new RowBlock(256);
            exact.reserve(256 - size);
            put.accept(exact);
            assertEquals(256, exact.length());

            RowBlock short1 = new RowBlock(256);
            short1.reserve(256 - size + 1);
            assertThrows(BlockFullException.class, () -> put.accept(short1));
        }
    }

    @Test
    public void onlyAnEmptyBlockGrows() {
        RowBlock block = new RowBlock(64);
        block.grow(128);
        assertEquals(128, block.capacity());
        assertThrows(IllegalStateException.class, () -> block.grow(128));
        block.putNull();
        assertThrows(IllegalStateException.class, () -> block.grow(256));
    }

    @Test
    public void misuseIsRefused() {
        RowBlock block = new RowBlock(64);
        assertThrows(IllegalStateException.class, () -> block.endFrame(BlockLayout.RAW));
        assertThrows(IllegalArgumentException.class, () -> block.beginFrame(0x10000, (byte) 0));
        assertThrows(IllegalArgumentException.class, () -> block.beginFrame(-1, (byte) 0));
        block.beginFrame(0, (byte) 0);
        assertThrows(IllegalStateException.class, () -> block.beginFrame(0, (byte) 0));
        assertThrows(IllegalArgumentException.class, () -> new RowBlock(8));
    }

    @Test
    public void textIsEncodedAsJavaDoes() {
        Random random = new Random(20240612);
        char[] odd = {
            0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, '\u4e2d', '"'
        };
        for (int round = 0; round < 3000; round++) {
            // Lengths around those of a short text and of a step, and odd characters from none to
            // all.
            int length =
                    round % 3 == 0
                            ? TextEncoder.STEP - 10 + random.nextInt(20)
                            : random.nextInt(round % 3 == 1 ? 30 : 3 * TextEncoder.STEP);
            int oddity = random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(300);
            StringBuilder text = new StringBuilder(length);
            while (text.length() < length) {
                if (oddity > 0 && random.nextInt(300) < oddity) {
                    int pick = random.nextInt(odd.length + 1);
                    if (pick == odd.length) {
                        text.appendCodePoint(0x10000 + random.nextInt(0x100000));
                    } else {
                        text.append(odd[pick]);
                    }
                } else {
                    text.append((char) (' ' + random.nextInt(90)));
                }
            }
            byte[] expected = text.toString().getBytes(StandardCharsets.UTF_8);
            assertArrayEquals(expected, raw(text.toString()));
            assertArrayEquals(expected, raw(text));
        }
    }

    /**
     * Texts around the length of a word, with one character that isn't ASCII wherever it can be.
     */
    @Test
    public void shortTextIsEncodedAsJavaDoes() {
        for (int length = 0; length <= 40; length++) {
            for (int odd = -1; odd < length; odd++) {
                for (char c : new char[] {0x7F, 0x80, 0xFF, 0x100, 0x4E2D, 0x2F80}) {
                    char[] chars = new char[length];
                    Arrays.fill(chars, 'x');
                    if (odd >= 0) {
                        chars[odd] = c;
                    }
                    String text = new String(chars);
                    assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), raw(text));
                }
            }
        }
    }

    @Test
    public void stringsOfThisJavaAreReadWhereTheyLie() {
        // Java 8 has other strings, and a later one may no longer give them.
        boolean known = System.getProperty("java.specification.version").matches("11|17|21");
        byte[] bytes = Latin1Strings.bytes("caf\u00e9 StarRocks");
        assertTrue(bytes != null || !known);
        if (bytes != null) {
            assertArrayEquals("caf\u00e9 StarRocks".getBytes(StandardCharsets.ISO_8859_1), bytes);
            assertEquals(0x6B636F5272617453L, Latin1Strings.word(bytes, 5));
            assertThrows(IndexOutOfBoundsException.class, () -> Latin1Strings.word(bytes, 7));
            assertThrows(IndexOutOfBoundsException.class, () -> Latin1Strings.word(bytes, -1));
        }
        assertEquals(null, Latin1Strings.bytes("\u4e2d"));
    }

    @Test
    public void memoryIsWrittenToByAddressOrByItsBuffer() {
        boolean known = System.getProperty("java.specification.version").matches("8|11|17|21");
        assertTrue(DirectMemory.address(ByteBuffer.allocateDirect(8)) != 0 || !known);
        byte[] expected = Hex.bytes(oneOfEverything(new RowBlock(1024, false)));
        byte[] got = Hex.bytes(oneOfEverything(new RowBlock(1024, true)));
        assertArrayEquals(expected, got);
        // In every block that is too small it is refused, and nothing is written behind the block.
        for (int capacity = RowBlock.MIN_BYTES; capacity < expected.length; capacity++) {
            RowBlock small = new RowBlock(capacity);
            assertThrows(BlockFullException.class, () -> oneOfEverything(small));
            assertTrue(small.length() <= capacity);
        }
        assertThrows(BlockFullException.class, () -> new RowBlock(64).reserve(-1));
    }

    private static RowBlock oneOfEverything(RowBlock block) {
        block.beginFrame(0x1234, BlockLayout.DELETE);
        block.putNull();
        block.putBoolean(true);
        block.putByte((byte) -2);
        block.putShort((short) -3);
        block.putInt(0x81020304);
        block.putLong(0x8102030405060708L);
        block.putFloat(-1.5f);
        block.putDouble(-2.5);
        block.putDecimal(2, -12345L);
        block.putDecimal(3, new byte[] {-1, 2, 3});
        block.putBigInteger(new byte[] {4, 5});
        block.putString("ASCII, longer than a word");
        block.putString("short");
        block.putString("\u4e2d");
        block.putString(new byte[] {'u', 't', 'f'});
        block.putBytes(new byte[] {0, -1});
        block.putDate(-4);
        block.putTime(86_399_999_999_999L);
        block.putTimestamp(-5, 999_999);
        block.putTimestampLtz(6, 1);
        block.putArrayHeader(7);
        block.putMapHeader(8);
        block.putRowHeader(0xFFFE);
        block.putRaw("raw");
        block.endFrame(BlockLayout.SLOTS);
        return block;
    }

    @Test
    public void textThatEndsWithTheBlockFits() {
        for (int length = 0; length <= 64; length++) {
            String text = new String(new char[length]).replace('\0', 'y');
            RowBlock block = new RowBlock(64);
            block.reserve(64 - length);
            block.putRaw(text);
            assertEquals(64, block.length());
            assertThrows(BlockFullException.class, () -> block.putRaw("z"));
        }
    }

    private static byte[] raw(CharSequence text) {
        RowBlock block = new RowBlock(32 * 1024);
        block.putRaw(text);
        return Hex.bytes(block);
    }

    @Test
    public void everyCodePointIsEncodedAsJavaDoes() {
        StringBuilder all = new StringBuilder();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            all.appendCodePoint(c);
        }
        RowBlock block = new RowBlock(8 << 20);
        block.putRaw(all.toString());
        assertArrayEquals(all.toString().getBytes(StandardCharsets.UTF_8), Hex.bytes(block));
    }

    @Test
    public void whatIsReservedIsWrittenInPlace() {
        RowBlock block = new RowBlock(64);
        block.putStringHeader(2);
        block.buffer().putShort(block.reserve(2), (short) ('a' | 'b' << 8));
        assertEquals(Hex.strip("0b 02000000 6162"), Hex.of(block));
        assertEquals(7, block.length());
    }
}
