package com.starrocks.connector.flink.roundtrip;

/** A value, as each kind of sink takes it and as the server is to show it. */
final class Sample {

    /** NULL. */
    static final Sample NULL = new Sample(null, null, null, null, 0);

    /** The Java object that user code puts into a slot. */
    final Object slot;

    /** The same in Flink's internal classes. */
    final Object data;

    /** What a column shows; see {@link Shown}. */
    final Object shown;

    /** What is shown of it within an array, a map or a row; see {@link Shown.Nested}. */
    final Object nested;

    /** How many NaN and infinities are in it. */
    final int nonFinite;

    Sample(Object slot, Object data, Object shown, Object nested, int nonFinite) {
        this.slot = slot;
        this.data = data;
        this.shown = shown;
        this.nested = nested;
        this.nonFinite = nonFinite;
    }
}
