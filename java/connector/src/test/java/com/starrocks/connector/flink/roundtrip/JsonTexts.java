package com.starrocks.connector.flink.roundtrip;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** JSON that a parser would not write again as it was. */
final class JsonTexts {

    private static final List<String> EXTREMES =
            Arrays.asList(
                    "{}",
                    "[]",
                    "0",
                    "-0",
                    "-0.0",
                    "1.0",
                    "1.50",
                    "1E400",
                    "-1e-400",
                    "123456789012345678901234567890.123456789012345678901234567890",
                    "true",
                    "\"\"",
                    "\"\\u0000\"",
                    "\"\\ud83d\\ude00 \\/ \\\" \\\\ \\n\"",
                    "\"\ud83d\ude00\u20ac\"",
                    "{\"b\":1,\"a\":2}",
                    "{\"a\":1,\"a\":2,\"A\":3}",
                    "{ \"a\" : [ 1 , null , true ] , \"\" : {} }",
                    "{\"\\u0061\":1,\"a\":2}",
                    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
                    "[1,1.0,1.00,10e-1]",
                    "{\"a\":null}");

    private static final String[] NUMBERS = {
        "0", "-0", "1.10", "1e5", "1E+05", "18446744073709551616", "0.1000", "-9223372036854775809"
    };

    private static final String[] STRINGS = {
        "\"\"",
        "\"a\"",
        "\"\\u00e9\"",
        "\"\u00e9\"",
        "\"\\\\N\"",
        "\"\ud83d\ude00\"",
        "\"x y\"",
        "\"\\t\""
    };

    private JsonTexts() {}

    static List<String> extremes() {
        return EXTREMES;
    }

    static String random(Random random, int depth) {
        switch (random.nextInt(depth > 0 ? 6 : 3)) {
            case 0:
                return NUMBERS[random.nextInt(NUMBERS.length)];
            case 1:
                return STRINGS[random.nextInt(STRINGS.length)];
            case 2:
                return random.nextBoolean() ? "true" : "false";
            case 3:
                return "[" + list(random, depth, false) + "]";
            default:
                return "{" + list(random, depth, true) + "}";
        }
    }

    private static String list(Random random, int depth, boolean named) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
            text.append(text.length() == 0 ? "" : random.nextBoolean() ? "," : " ,");
            text.append(
                    named ? STRINGS[random.nextInt(3)] + (random.nextBoolean() ? ":" : " : ") : "");
            text.append(random.nextInt(8) == 0 ? "null" : random(random, depth - 1));
        }
        return text.toString();
    }
}
