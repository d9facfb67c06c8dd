package com.starrocks.connector.flink.chaos;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * The faults of the server that a mode must live through: by itself, or by failing, whereupon the
 * job restarts from its last checkpoint. Left out are those that ask for an operator's decision (a
 * label that is forgotten or is somebody else's, a prepared transaction that has expired) and those
 * that change rows.
 */
final class ServerFaults {

    private static final String[] BUSY = {
        "Failed to load data into tablet 10023, because of too many versions, current/limit:"
                + " 1020/1000",
        "current running txns on db 10001 is 1000, larger than limit 1000",
        "Memory of process exceed limit. Used: 1, Limit: 1. Mem usage has exceed the limit of BE",
    };

    /** Adds to a fault what its kind reads. */
    private interface Shape {
        void add(JsonObject fault, Random random);

        default Shape and(Shape other) {
            return (fault, random) -> {
                add(fault, random);
                other.add(fault, random);
            };
        }
    }

    private record Kind(String name, Set<Mode> modes, int weight, Shape shape) {}

    private static final List<Kind> KINDS = new ArrayList<>();

    private static final Kind NO_CONTINUE =
            new Kind("no_continue", Set.of(), 0, (fault, random) -> {});

    private static final Set<Mode> ALL = EnumSet.allOf(Mode.class);
    private static final Set<Mode> STREAM_LOADS = EnumSet.of(Mode.V1, Mode.ALO);
    private static final Set<Mode> TRANSACTIONS = EnumSet.of(Mode.V2, Mode.ALO);

    static {
        stream();
        transactions();
        anyRequest();
    }

    private static void stream() {
        // Answers of a stream load that are lost, late or wrong.
        add(6, "drop_answer_after_commit", STREAM_LOADS);
        add(2, "delay_answer_after_commit", STREAM_LOADS, delay(50, 700));
        add(4, "die_before_commit", STREAM_LOADS);
        add(2, "hold_then_abort", STREAM_LOADS, delay(20, 300));
        add(2, "publish_timeout", STREAM_LOADS, delay(0, 200));
        add(2, "status_unknown_committed", STREAM_LOADS);
        add(2, "status_unknown_aborted", STREAM_LOADS);
        add(1, "commit_delay", STREAM_LOADS, delay(20, 300));
        add(1, "label_used_as_fail", STREAM_LOADS);
        add(3, "fail", STREAM_LOADS, ServerFaults::busy);
        // A load that outlives its session may overtake a newer one where nothing is kept in state.
        add(2, "hold_then_visible", EnumSet.of(Mode.V1), delay(20, 400));
    }

    private static void transactions() {
        for (String op : new String[] {"begin", "load", "prepare", "commit", "rollback"}) {
            Shape of = (fault, random) -> fault.addProperty("op", op);
            add(4, "txn_drop_answer", TRANSACTIONS, of);
            add(2, "txn_delay_answer", TRANSACTIONS, of.and(delay(50, 700)));
            add(1, "txn_delay", TRANSACTIONS, of.and(delay(20, 300)));
            add(2, "txn_fail", TRANSACTIONS, of.and(ServerFaults::busy));
            add(1, "txn_leader_change", TRANSACTIONS, of);
        }
        for (String op : new String[] {"begin", "load", "prepare", "rollback"}) {
            Shape of = (fault, random) -> fault.addProperty("op", op);
            add(2, "txn_in_processing", TRANSACTIONS, of);
            add(1, "txn_lose_context", TRANSACTIONS, of);
            add(1, "txn_kill_be", TRANSACTIONS, of.and(delay(20, 300)));
        }
        add(3, "txn_pipeline_failed", TRANSACTIONS);
        add(2, "txn_rollback_late", TRANSACTIONS, delay(10, 200));
        add(2, "publish_delay", TRANSACTIONS, delay(10, 200));
        add(
                1,
                "publish_timeout",
                TRANSACTIONS,
                delay(0, 200).and((fault, random) -> fault.addProperty("op", "commit")));
    }

    private static void anyRequest() {
        for (String kind :
                new String[] {
                    "answer_truncated",
                    "answer_split",
                    "answer_chunked",
                    "answer_trailing_bytes",
                    "answer_gzip",
                    "answer_html",
                    "answer_empty",
                    "answer_key_case",
                    "answer_unknown_status"
                }) {
            add(1, kind);
        }
        add(1, "answer_http_status", ALL, (fault, random) -> fault.addProperty("status", 502));
        // Questions for a label's state.
        add(2, "state_http_error", ALL, (fault, random) -> fault.addProperty("status", 500));
        add(1, "state_hang", ALL, delay(50, 800));
        add(2, "state_drop");
        add(1, "state_redirect");
        add(2, "state_unknown");
        add(1, "state_without_key");
        add(1, "state_strange", ALL, (fault, random) -> fault.addProperty("text", "SLEEPING"));
        // The way to a BE.
        add(1, "redirect_delay", ALL, delay(20, 800));
        add(1, "redirect_without_location");
        add(1, "redirect_loop");
        add(2, "redirect_dead_port");
        add(1, "redirect_via_fe");
        add(1, "double_continue");
        add(1, "final_instead_of_continue");
        add(2, "close_idle", ALL, delay(0, 30));
        // Bodies.
        add(2, "body_cut", ALL, ServerFaults::someBytes);
        add(3, "reset_in_body", ALL, ServerFaults::someBytes);
        add(2, "early_error_reset", ALL, ServerFaults::busy);
        add(1, "stall_body", ALL, delay(20, 800));
        // Servers.
        add(2, "fe_error", ALL, (fault, random) -> fault.addProperty("status", 500));
        add(1, "fe_hang", ALL, delay(20, 800));
        add(1, "be_hang", ALL, delay(20, 800));
        add(2, "no_backend");
    }

    private ServerFaults() {}

    private static void add(int weight, String name) {
        add(weight, name, ALL, (fault, random) -> {});
    }

    private static void add(int weight, String name, Set<Mode> modes) {
        add(weight, name, modes, (fault, random) -> {});
    }

    private static void add(int weight, String name, Set<Mode> modes, Shape shape) {
        KINDS.add(new Kind(name, modes, weight, shape));
    }

    private static Shape delay(int min, int max) {
        return (fault, random) ->
                fault.addProperty("delay_ms", min + random.nextInt(max - min + 1));
    }

    private static void busy(JsonObject fault, Random random) {
        fault.addProperty("text", BUSY[random.nextInt(BUSY.length)]);
    }

    private static void someBytes(JsonObject fault, Random random) {
        fault.addProperty("count", 1 + random.nextInt(300));
    }

    /** Some faults, for requests soon to come. */
    static JsonArray draw(Mode mode, List<Table> tables, Random random) {
        JsonArray faults = new JsonArray();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            faults.add(one(mode, tables, random));
        }
        return faults;
    }

    private static JsonObject one(Mode mode, List<Table> tables, Random random) {
        // The sink waits three seconds at least before it goes on without.
        Kind kind = random.nextInt(800) == 0 ? NO_CONTINUE : kind(mode, random);
        JsonObject fault = new JsonObject();
        fault.addProperty("kind", kind.name());
        fault.addProperty("nth", 1 + random.nextInt(random.nextInt(4) == 0 ? 12 : 3));
        fault.addProperty("times", 1 + random.nextInt(random.nextInt(4) == 0 ? 4 : 2));
        if (random.nextInt(4) == 0) {
            fault.addProperty("table", tables.get(random.nextInt(tables.size())).name());
        }
        kind.shape().add(fault, random);
        return fault;
    }

    private static Kind kind(Mode mode, Random random) {
        List<Kind> kinds = KINDS.stream().filter(k -> k.modes().contains(mode)).toList();
        int at = random.nextInt(kinds.stream().mapToInt(Kind::weight).sum());
        for (Kind kind : kinds) {
            at -= kind.weight();
            if (at < 0) {
                return kind;
            }
        }
        throw new AssertionError();
    }
}
