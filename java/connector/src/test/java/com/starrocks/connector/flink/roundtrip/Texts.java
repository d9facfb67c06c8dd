package com.starrocks.connector.flink.roundtrip;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Texts that are hard to carry. */
final class Texts {

    /** What separators, quotes, escapes and NULL are made of, and the corners of Unicode. */
    private static final String[] PIECES = {
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\u0001",
        "\u0002",
        "\u0003\u0004\u0005",
        "|!|",
        "|",
        "!",
        ",",
        "\"",
        "\"\"",
        "'",
        "\\",
        "\\N",
        "\\n",
        "\\u0041",
        "^",
        "a",
        "b",
        "ab",
        "ba",
        " ",
        "N",
        "\0",
        "[",
        "]",
        "{",
        "}",
        ":",
        "null",
        "\u007f",
        "\u0080",
        "\u00e9",
        "\u07ff",
        "\u0800",
        "\u2028",
        "\u20ac",
        "\ud7ff",
        "\ue000",
        "\ufeff",
        "\ufffd",
        "\ufffe",
        "\uffff",
        "\ud800\udc00",
        "\ud83d\ude00",
        "\udbff\udfff",
        "\ud83d",
        "\ude00",
        "\u0008",
        "\u000c",
        "\u001b",
        "/",
        "<",
        "=",
        "&",
        "%00",
        "0x01"
    };

    private static final List<String> EXTREMES =
            Arrays.asList(
                    "",
                    " ",
                    "\\N",
                    "\\\\N",
                    "\\N ",
                    "N",
                    "NULL",
                    "null",
                    "\"",
                    "\"\"",
                    "\"quoted\"",
                    "quote\" within",
                    "'",
                    "back\\slash",
                    "ends in one\\",
                    "\t",
                    "\n",
                    "\r\n",
                    "a\tb\nc",
                    "\u0001",
                    "\u0002",
                    "|!|",
                    "ends in |!",
                    "\0",
                    "a\0b",
                    "\ufeffmark",
                    "\uffff",
                    "\ud83d\ude00",
                    "\udbff\udfff",
                    "\ud83d",
                    "a\ude00b",
                    "\ud83d\ud83d\ude00",
                    "[1,2]",
                    "{\"a\":1}",
                    "-- '); DROP TABLE t; --",
                    "0",
                    "1e3");

    private Texts() {}

    static List<String> extremes() {
        return EXTREMES;
    }

    /** Every code point that can stand in a text, 1024 at a time. */
    static String codePoints(int block) {
        StringBuilder text = new StringBuilder();
        for (int c = block << 10; c < (block + 1) << 10; c++) {
            if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
                text.appendCodePoint(c);
            }
        }
        return text.toString();
    }

    static final int CODE_POINT_BLOCKS = (Character.MAX_CODE_POINT + 1) >> 10;

    static String random(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(8); i > 0; i--) {
            if (random.nextInt(4) == 0) {
                text.appendCodePoint(random.nextInt(Character.MAX_CODE_POINT + 1));
            } else {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
        }
        return text.toString();
    }

    /** A text of so many bytes, of pieces of one to four bytes and the given text. */
    static String ofBytes(int bytes, String piece) {
        StringBuilder text = new StringBuilder(bytes);
        int left = bytes;
        int size = piece.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        while (left >= size + 10) {
            text.append(piece).append("x\u00e9\u20ac\ud83d\ude00");
            left -= size + 10;
        }
        while (left-- > 0) {
            text.append('.');
        }
        return text.toString();
    }
}
