package com.starrocks.connector.flink.connector;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * What values an option takes: a text that says so, and a test.
 *
 * @param <T> class of the values
 */
abstract class Allowed<T> {

    private final String text;

    private Allowed(String text) {
        this.text = text;
    }

    /** What is allowed, to stand after "must be". */
    final String text() {
        return text;
    }

    /** What is wrong with the value, or null. */
    abstract String trouble(T value);

    static <T> Allowed<T> anything(String text) {
        return new Allowed<T>(text) {
            @Override
            String trouble(T value) {
                return null;
            }
        };
    }

    static Allowed<Integer> integers(int min, int max) {
        return range("a whole number", min, max, Integer.MAX_VALUE);
    }

    static Allowed<Long> longs(long min, long max) {
        return range("a whole number", min, max, Long.MAX_VALUE);
    }

    private static <N extends Number> Allowed<N> range(
            String what, long min, long max, long unbounded) {
        String bounds =
                max == unbounded ? what + " from " + min : what + " from " + min + " to " + max;
        return new Allowed<N>(bounds) {
            @Override
            String trouble(N value) {
                long number = value.longValue();
                return number < min || number > max ? "must be " + text() : null;
            }
        };
    }

    /** One of some words; whether case matters is said. */
    static Allowed<String> words(boolean caseMatters, String... words) {
        return new Allowed<String>(String.join(" or ", words)) {
            @Override
            String trouble(String value) {
                return Arrays.stream(words)
                                .anyMatch(
                                        word ->
                                                caseMatters
                                                        ? word.equals(value)
                                                        : word.equals(
                                                                value.toUpperCase(Locale.ROOT)))
                        ? null
                        : "must be " + text();
            }
        };
    }

    /**
     * A syntax of its own.
     *
     * @param check gives what is wrong with a value, or null
     */
    static Allowed<String> syntax(String text, UnaryOperator<String> check) {
        return new Allowed<String>(text) {
            @Override
            String trouble(String value) {
                String why = check.apply(value);
                return why == null ? null : why + "; must be " + text();
            }
        };
    }
}
