package com.starrocks.connector.flink.connector;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/**
 * One option of the sink: how it is written, what is allowed, and what it does. All of them are in
 * {@link SinkOptions}. Immutable.
 *
 * @param <T> class of the values: String, Integer, Long or Boolean
 */
public final class SinkOption<T> {

    /** What an option does in this version of the sink. */
    public enum Status {
        /** It does what its help says. */
        ACTIVE,
        /** Accepted and checked, so that existing table definitions work, but without effect. */
        NO_EFFECT,
        /** Not there yet: values that ask for it are refused. */
        LATER
    }

    /** How the values are written. */
    enum Type {
        STRING("String"),
        INTEGER("Integer"),
        LONG("Long"),
        BOOLEAN("Boolean");

        private final String text;

        Type(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private final String key;
    private final Type type;
    private final Group group;
    private final T defaultValue;
    private final String defaultText;
    private final Allowed<T> allowed;
    private final String unit;
    private final String help;
    private final boolean required;
    private final boolean ours;
    private final boolean secret;
    private final boolean handed;
    private final Status status;
    private final String note;
    private final Predicate<T> refused;

    private SinkOption(Builder<T> builder) {
        this.key = builder.key;
        this.type = builder.type;
        this.group = builder.group;
        this.defaultValue = builder.defaultValue;
        this.defaultText = builder.defaultText;
        this.allowed = builder.allowed;
        this.unit = builder.unit;
        this.help = builder.help;
        this.required = builder.required;
        this.ours = builder.ours;
        this.secret = builder.secret;
        this.handed = builder.handed;
        this.status = builder.status;
        this.note = builder.note;
        this.refused = builder.refused;
    }

    /** Heading under which the option stands in the documentation. */
    public enum Group {
        /** Where to load and as whom. */
        TARGET("Target"),
        /** Guarantee and engine. */
        DELIVERY("Delivery"),
        /** When buffered rows are loaded, and how much memory they take. */
        BUFFERING("Buffering and memory"),
        /** Connections, time-outs, retries. */
        NETWORK("Network and retries"),
        /** What becomes of rows. */
        ROWS("Rows"),
        /** Everything else. */
        OTHER("Other"),
        /** Merge commit and transactions over several tables. */
        LATER("Not in this version");

        private final String title;

        Group(String title) {
            this.title = title;
        }

        /** The heading. */
        public String title() {
            return title;
        }
    }

    /** Key of the option. */
    public String key() {
        return key;
    }

    /** Heading under which it is documented. */
    public Group group() {
        return group;
    }

    /** Default as the documentation shows it, empty when there is none. */
    public String defaultText() {
        if (defaultText != null) {
            return defaultText;
        }
        return defaultValue == null ? "" : String.valueOf(defaultValue);
    }

    /** The value when none is given; null if there is none, or if it depends on other options. */
    public T defaultValue() {
        return defaultValue;
    }

    /** Name of the type, as users know it. */
    public String typeText() {
        return type.toString();
    }

    /** Unit of the value, empty when it has none. */
    public String unit() {
        return unit;
    }

    /** What values are allowed, for messages and documentation. */
    public String allowedText() {
        return allowed.text();
    }

    /** What the option does. */
    public String help() {
        return help;
    }

    /** For {@link Status#NO_EFFECT} and {@link Status#LATER}: why, and what to use instead. */
    public String note() {
        return note;
    }

    /** Whether a value must be given. */
    public boolean isRequired() {
        return required;
    }

    /** Whether the published Java connector doesn't know the option. */
    public boolean isOurs() {
        return ours;
    }

    /** Whether the value must not be shown anywhere. */
    public boolean isSecret() {
        return secret;
    }

    /** Whether the native half gets the value. */
    boolean isHanded() {
        return handed;
    }

    /** What it does in this version. */
    public Status status() {
        return status;
    }

    /** Whether this version refuses a value that is valid in itself. */
    boolean refuses(T value) {
        return refused != null && refused.test(value);
    }

    /**
     * Reads a value.
     *
     * @throws IllegalArgumentException if it is not allowed; the message says what is
     */
    T parse(String text) {
        T value = parseType(text.trim());
        String trouble = allowed.trouble(value);
        if (trouble != null) {
            throw new IllegalArgumentException(trouble);
        }
        return value;
    }

    @SuppressWarnings("unchecked")
    private T parseType(String text) {
        try {
            switch (type) {
                case INTEGER:
                    return (T) Integer.valueOf(text);
                case LONG:
                    return (T) Long.valueOf(text);
                case BOOLEAN:
                    switch (text.toLowerCase(Locale.ROOT)) {
                        case "true":
                            return (T) Boolean.TRUE;
                        case "false":
                            return (T) Boolean.FALSE;
                        default:
                            throw new IllegalArgumentException("must be true or false");
                    }
                default:
                    return (T) text;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("must be " + allowed.text());
        }
    }

    /** The option's value in {@code given}, which has been checked, or the default. */
    T read(Map<String, String> given) {
        String text = given.get(key);
        if (text == null) {
            return defaultValue;
        }
        return secret ? secretValue(text) : parse(text);
    }

    /** A secret is taken as it stands: spaces may belong to it. */
    @SuppressWarnings("unchecked")
    private T secretValue(String text) {
        return (T) text;
    }

    /** The same option for Flink's factories, which need to know every key. */
    ConfigOption<?> toConfigOption() {
        ConfigOptions.OptionBuilder builder = ConfigOptions.key(key);
        switch (type) {
            case INTEGER:
                return describe(builder.intType(), (Integer) defaultValue);
            case LONG:
                return describe(builder.longType(), (Long) defaultValue);
            case BOOLEAN:
                return describe(builder.booleanType(), (Boolean) defaultValue);
            default:
                return describe(builder.stringType(), (String) defaultValue);
        }
    }

    private <V> ConfigOption<V> describe(ConfigOptions.TypedConfigOptionBuilder<V> typed, V value) {
        ConfigOption<V> option = value == null ? typed.noDefaultValue() : typed.defaultValue(value);
        return option.withDescription(help);
    }

    @Override
    public String toString() {
        return key;
    }

    static Builder<String> text(Group group, String key, String help) {
        return new Builder<>(group, key, Type.STRING, help, Allowed.<String>anything("text"));
    }

    static Builder<Boolean> bool(Group group, String key, boolean value, String help) {
        return new Builder<>(
                        group, key, Type.BOOLEAN, help, Allowed.<Boolean>anything("true or false"))
                .withDefault(value);
    }

    /** An integer option without a default. */
    static Builder<Integer> integer(Group group, String key, int min, int max, String help) {
        return new Builder<>(group, key, Type.INTEGER, help, Allowed.integers(min, max));
    }

    /** A long option without a default. */
    static Builder<Long> number(Group group, String key, long min, long max, String help) {
        return new Builder<>(group, key, Type.LONG, help, Allowed.longs(min, max));
    }

    /** Collects what an option is. */
    static final class Builder<T> {
        private final Group group;
        private final String key;
        private final Type type;
        private final String help;
        private Allowed<T> allowed;
        private T defaultValue;
        private String defaultText;
        private String unit = "";
        private boolean required;
        private boolean ours;
        private boolean secret;
        private boolean handed;
        private Status status = Status.ACTIVE;
        private String note = "";
        private Predicate<T> refused;

        private Builder(Group group, String key, Type type, String help, Allowed<T> allowed) {
            this.group = group;
            this.key = key;
            this.type = type;
            this.help = help;
            this.allowed = allowed;
        }

        Builder<T> withDefault(T value) {
            this.defaultValue = value;
            return this;
        }

        /** The default depends on something else; this text says on what. */
        Builder<T> withDerivedDefault(String text) {
            this.defaultText = text;
            return this;
        }

        Builder<T> allowing(Allowed<T> value) {
            this.allowed = value;
            return this;
        }

        Builder<T> in(String value) {
            this.unit = value;
            return this;
        }

        Builder<T> required() {
            this.required = true;
            return this;
        }

        Builder<T> ours() {
            this.ours = true;
            return this;
        }

        Builder<T> secret() {
            this.secret = true;
            return this;
        }

        /** The native half gets the value under the same key. */
        Builder<T> handedOn() {
            this.handed = true;
            return this;
        }

        Builder<T> noEffect(String why) {
            this.status = Status.NO_EFFECT;
            this.note = why;
            return this;
        }

        /** Refused whenever given. */
        Builder<T> later(String why) {
            return later(why, value -> true);
        }

        /** Refused when the value asks for what isn't there yet. */
        Builder<T> later(String why, Predicate<T> asksForIt) {
            this.status = Status.LATER;
            this.note = why;
            this.refused = asksForIt;
            return this;
        }

        SinkOption<T> addTo(List<SinkOption<?>> list) {
            SinkOption<T> option = new SinkOption<>(this);
            list.add(option);
            return option;
        }
    }

    /** Keys of the options for which {@code wanted} holds, in the list's order. */
    static List<String> keys(List<SinkOption<?>> options, Predicate<SinkOption<?>> wanted) {
        List<String> keys = new ArrayList<>();
        for (SinkOption<?> option : options) {
            if (wanted.test(option)) {
                keys.add(option.key());
            }
        }
        return Collections.unmodifiableList(keys);
    }
}
