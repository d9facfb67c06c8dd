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
 * label that is forgotten, or is somebody else's) and those that change rows.
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
    }

    private record Kind(String name, Set<Mode> modes, int weight, Shape shape) {}

    private static final List<Kind> KINDS = new ArrayList<>();

    private static final Set<Mode> ALL = EnumSet.allOf(Mode.class);

    static {
        // Answers of a load that are lost, late or wrong.
        add(6, "drop_answer_after_commit");
        add(2, "delay_answer_after_commit", delay(50, 700));
        add(4, "die_before_commit");
        add(2, "hold_then_abort", delay(20, 300));
        add(2, "publish_timeout");
        add(2, "status_unknown_committed");
        add(2, "status_unknown_aborted");
        add(1, "commit_delay", delay(20, 300));
        add(1, "label_used_as_fail");
        // A load that outlives its session may overtake a newer one where nothing is kept in state.
        add(2, "hold_then_visible", EnumSet.of(Mode.V1, Mode.V2), delay(20, 400));
        // Busy, for a few tries.
        add(
                3,
                "fail",
                ALL,
                (fault, random) -> fault.addProperty("text", BUSY[random.nextInt(BUSY.length)]));
        // Answers of any request.
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
        add(1, "state_hang", delay(50, 800));
        add(2, "state_drop");
        add(1, "state_redirect");
        add(2, "state_unknown");
        add(1, "state_without_key");
        add(1, "state_strange", ALL, (fault, random) -> fault.addProperty("text", "SLEEPING"));
        // The way to a BE.
        add(1, "redirect_delay", delay(20, 800));
        add(1, "redirect_without_location");
        add(1, "redirect_loop");
        add(2, "redirect_dead_port");
        add(1, "redirect_via_fe");
        add(1, "double_continue");
        add(1, "final_instead_of_continue");
        add(2, "close_idle", delay(0, 30));
        // Bodies.
        add(2, "body_cut", ALL, ServerFaults::someBytes);
        add(3, "reset_in_body", ALL, ServerFaults::someBytes);
        add(2, "early_error_reset", ALL, (fault, random) -> fault.addProperty("text", BUSY[0]));
        add(1, "stall_body", delay(20, 800));
        // Servers.
        add(2, "fe_error", ALL, (fault, random) -> fault.addProperty("status", 500));
        add(1, "fe_hang", delay(20, 800));
        add(1, "be_hang", delay(20, 800));
        add(2, "no_backend");
    }

    private ServerFaults() {}

    private static void add(int weight, String name) {
        add(weight, name, ALL, (fault, random) -> {});
    }

    private static void add(int weight, String name, Shape shape) {
        add(weight, name, ALL, shape);
    }

    private static void add(int weight, String name, Set<Mode> modes, Shape shape) {
        KINDS.add(new Kind(name, modes, weight, shape));
    }

    private static Shape delay(int min, int max) {
        return (fault, random) ->
                fault.addProperty("delay_ms", min + random.nextInt(max - min + 1));
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
        Kind kind = kind(mode, random);
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
