package com.starrocks.connector.flink.roundtrip;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.internal.Streams;
import com.google.gson.stream.JsonReader;

import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Compares what the server shows with what it should. What it should show is null, a text, bytes, a
 * float, which the server may spell as it likes, or {@link Nested}.
 */
final class Shown {

    private Shown() {}

    /** Lists, ordered maps, texts, truth values, {@link BigDecimal}s and floats, shown as JSON. */
    static final class Nested {

        private final Object tree;
        private final boolean typed;

        /**
         * A nested value.
         *
         * @param typed whether the server reads its parts by types of their own, so that it shows
         *     truth values as numbers
         */
        Nested(Object tree, boolean typed) {
            this.tree = tree;
            this.typed = typed;
        }

        @Override
        public String toString() {
            return String.valueOf(tree);
        }
    }

    static boolean matches(Object expected, byte[] actual) {
        if (expected == null || actual == null) {
            return expected == null && actual == null;
        }
        if (expected instanceof byte[]) {
            return Arrays.equals((byte[]) expected, actual);
        }
        String text = new String(actual, StandardCharsets.UTF_8);
        if (expected instanceof Nested) {
            Nested nested = (Nested) expected;
            JsonReader reader = new JsonReader(new StringReader(text));
            reader.setStrictness(Strictness.STRICT);
            return matches(nested.tree, Streams.parse(reader), nested.typed);
        }
        if (expected instanceof Float || expected instanceof Double) {
            // The sandbox keeps no sign of zero in columns, since SQLite doesn't; in arrays it
            // does.
            return ((Number) expected).doubleValue() == 0
                    ? Double.parseDouble(text) == 0
                    : isFloat(expected, text);
        }
        return Arrays.equals(((String) expected).getBytes(StandardCharsets.UTF_8), actual);
    }

    private static boolean isFloat(Object expected, String text) {
        return expected instanceof Float
                ? Float.floatToIntBits((Float) expected)
                        == Float.floatToIntBits(Float.parseFloat(text))
                : Double.doubleToLongBits((Double) expected)
                        == Double.doubleToLongBits(Double.parseDouble(text));
    }

    private static boolean matches(Object expected, JsonElement actual, boolean typed) {
        if (expected == null) {
            return actual.isJsonNull();
        }
        if (expected instanceof List) {
            return actual.isJsonArray()
                    && matches((List<?>) expected, actual.getAsJsonArray(), typed);
        }
        if (expected instanceof Map) {
            return actual.isJsonObject()
                    && matches((Map<?, ?>) expected, actual.getAsJsonObject(), typed);
        }
        if (!actual.isJsonPrimitive()) {
            return false;
        }
        JsonPrimitive primitive = actual.getAsJsonPrimitive();
        if (expected instanceof String) {
            return primitive.isString() && primitive.getAsString().equals(expected);
        }
        if (expected instanceof Boolean && !typed) {
            return primitive.isBoolean() && expected.equals(primitive.getAsBoolean());
        }
        if (!primitive.isNumber()) {
            return false;
        }
        String number = primitive.getAsString();
        if (expected instanceof Boolean) {
            return number.equals((Boolean) expected ? "1" : "0");
        }
        if (expected instanceof BigDecimal) {
            return new BigDecimal(number).compareTo((BigDecimal) expected) == 0;
        }
        // No more digits than in Java's text, which is not always the shortest.
        return isFloat(expected, number) && digits(number) <= digits(expected.toString());
    }

    private static int digits(String number) {
        return number.replaceFirst("[eE].*", "")
                .replaceAll("[-.]", "")
                .replaceFirst("^0+", "")
                .replaceFirst("0+$", "")
                .length();
    }

    private static boolean matches(List<?> expected, JsonArray actual, boolean typed) {
        if (expected.size() != actual.size()) {
            return false;
        }
        for (int i = 0; i < expected.size(); i++) {
            if (!matches(expected.get(i), actual.get(i), typed)) {
                return false;
            }
        }
        return true;
    }

    /** The order counts too. */
    private static boolean matches(Map<?, ?> expected, JsonObject actual, boolean typed) {
        Iterator<Map.Entry<String, JsonElement>> members = actual.entrySet().iterator();
        for (Map.Entry<?, ?> entry : expected.entrySet()) {
            if (!members.hasNext()) {
                return false;
            }
            Map.Entry<String, JsonElement> member = members.next();
            if (!member.getKey().equals(entry.getKey())
                    || !matches(entry.getValue(), member.getValue(), typed)) {
                return false;
            }
        }
        return !members.hasNext();
    }

    /** For messages: short, with everything unprintable escaped. */
    static String print(Object value) {
        String text =
                value instanceof byte[]
                        ? new String((byte[]) value, StandardCharsets.ISO_8859_1)
                        : String.valueOf(value);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), 200); i++) {
            char c = text.charAt(i);
            out.append(
                    c >= ' ' && c < 0x7f ? String.valueOf(c) : String.format("\\u%04x", (int) c));
        }
        return text.length() > 200
                ? out + "... (" + text.length() + " characters)"
                : out.toString();
    }
}
