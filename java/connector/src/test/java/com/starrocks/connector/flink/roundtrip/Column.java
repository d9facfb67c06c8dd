package com.starrocks.connector.flink.roundtrip;

/** A column on the server and what is loaded into it. */
final class Column {

    final String name;
    final String serverType;
    final Kind kind;

    Column(String name, String serverType, Kind kind) {
        this.name = name;
        this.serverType = serverType;
        this.kind = kind;
    }

    /** What the server shows of the value. */
    Object shown(Sample sample) {
        if (sample.nested == null || !kind.isNested()) {
            return sample.shown;
        }
        boolean typed = serverType.matches("(ARRAY|MAP|STRUCT)<.*");
        return new Shown.Nested(sample.nested, typed);
    }

    @Override
    public String toString() {
        return name + " " + serverType + " <- " + kind.flink.getLogicalType().asSummaryString();
    }
}
