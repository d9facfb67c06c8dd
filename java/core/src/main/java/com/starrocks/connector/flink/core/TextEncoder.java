package com.starrocks.connector.flink.core;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Text to UTF-8, exactly as {@code String.getBytes(UTF_8)} would have it: a surrogate without its
 * other half becomes {@code ?}. Nothing is created per text.
 *
 * <p>Characters are taken out of a string many at a time, and the JDK's own encoder turns ASCII
 * into bytes with vector instructions where the JVM has them for arrays; so both ends are arrays,
 * small enough to stay in the processor's nearest cache. Not thread-safe.
 */
final class TextEncoder {

    /** Characters of one step. */
    static final int STEP = 2048;

    /** Up to so many characters a plain loop beats the encoder's preparations. */
    private static final int SHORT = 16;

    /** Most bytes of one char; a surrogate pair has four for its two. */
    private static final int MAX_BYTES = 3;

    private final char[] chars = new char[STEP];
    private final byte[] bytes = new byte[STEP * MAX_BYTES];
    private final CharBuffer source = CharBuffer.wrap(chars);
    private final ByteBuffer target = ByteBuffer.wrap(bytes);
    private final CharsetEncoder encoder =
            StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE)
                    .replaceWith(new byte[] {'?'});

    private int filled;

    /**
     * Encodes the next part of a text. No reference to the text is kept, which would also cost the
     * collector's write barrier.
     *
     * @param from the part's first char: 0, then what this returned, until that is the length
     * @return the first char behind the part
     */
    int encode(CharSequence text, int from) {
        int length = text.length();
        return length <= SHORT ? encodeShort(text, length) : encodeLong(text, from, length);
    }

    /**
     * The part that {@link #encode} was called for last; the first {@link #filled} of them count.
     */
    byte[] bytes() {
        return bytes;
    }

    /** How many {@link #bytes} the last part has become. */
    int filled() {
        return filled;
    }

    private int encodeShort(CharSequence text, int length) {
        byte[] to = bytes;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return encodeLong(text, 0, length);
            }
            to[i] = (byte) c;
        }
        filled = length;
        return length;
    }

    private int encodeLong(CharSequence text, int from, int length) {
        int end = Math.min(length, from + STEP);
        if (text instanceof String) {
            ((String) text).getChars(from, end, chars, 0);
        } else {
            for (int i = from; i < end; i++) {
                chars[i - from] = text.charAt(i);
            }
        }
        source.limit(end - from);
        source.position(0);
        target.clear();
        if (from == 0) {
            encoder.reset();
        }
        encoder.encode(source, target, end == length);
        filled = target.position();
        // A high surrogate at the end of a part is left for the next one.
        return from + source.position();
    }
}
