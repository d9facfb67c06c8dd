package com.starrocks.connector.flink.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * A column's type as the native half knows it: a tree of type ids and parameters. Immutable.
 *
 * <p>Encoded as u8 id, then the parameters: precision (and scale) as u8, the element types, and for
 * a row u16 count and each field's name and type.
 */
public final class TypeNode {

    /** The kinds of types. */
    public enum Kind {
        /** Truth value. */
        BOOLEAN(1),
        /** 8-bit integer. */
        TINYINT(2),
        /** 16-bit integer. */
        SMALLINT(3),
        /** 32-bit integer. */
        INT(4),
        /** 64-bit integer. */
        BIGINT(5),
        /** 32-bit float. */
        FLOAT(6),
        /** 64-bit float. */
        DOUBLE(7),
        /** Decimal of a precision and scale. */
        DECIMAL(8),
        /** Text. */
        STRING(9),
        /** Bytes. */
        BINARY(10),
        /** Day. */
        DATE(11),
        /** Time of day of a precision. */
        TIME(12),
        /** Wall time of a precision. */
        TIMESTAMP(13),
        /** Instant of a precision. */
        TIMESTAMP_LTZ(14),
        /** Array of an element type. */
        ARRAY(15),
        /** Map of a key and a value type. */
        MAP(16),
        /** Row of named fields. */
        ROW(17);

        private final int id;

        Kind(int id) {
            this.id = id;
        }
    }

    private final Kind kind;
    private final int precision;
    private final int scale;
    private final List<TypeNode> children;
    private final List<String> names;

    private TypeNode(
            Kind kind, int precision, int scale, List<TypeNode> children, List<String> names) {
        this.kind = kind;
        this.precision = precision;
        this.scale = scale;
        this.children = children;
        this.names = names;
    }

    private static TypeNode leaf(Kind kind, int precision, int scale) {
        return new TypeNode(
                kind,
                precision,
                scale,
                Collections.<TypeNode>emptyList(),
                Collections.<String>emptyList());
    }

    /** A type without parameters. */
    public static TypeNode of(Kind kind) {
        switch (kind) {
            case DECIMAL:
            case TIME:
            case TIMESTAMP:
            case TIMESTAMP_LTZ:
            case ARRAY:
            case MAP:
            case ROW:
                throw new IllegalArgumentException(kind + " has parameters");
            default:
                return leaf(kind, 0, 0);
        }
    }

    /** DECIMAL(precision, scale). */
    public static TypeNode decimal(int precision, int scale) {
        return leaf(Kind.DECIMAL, precision, scale);
    }

    /** TIME(precision): digits of the second's fraction. */
    public static TypeNode time(int precision) {
        return leaf(Kind.TIME, precision, 0);
    }

    /** TIMESTAMP(precision): digits of the second's fraction. */
    public static TypeNode timestamp(int precision) {
        return leaf(Kind.TIMESTAMP, precision, 0);
    }

    /** TIMESTAMP_LTZ(precision): digits of the second's fraction. */
    public static TypeNode timestampLtz(int precision) {
        return leaf(Kind.TIMESTAMP_LTZ, precision, 0);
    }

    /** ARRAY of an element type. */
    public static TypeNode array(TypeNode element) {
        return new TypeNode(
                Kind.ARRAY,
                0,
                0,
                Collections.singletonList(element),
                Collections.<String>emptyList());
    }

    /** MAP of a key and a value type. */
    public static TypeNode map(TypeNode key, TypeNode value) {
        List<TypeNode> children = new ArrayList<>(2);
        children.add(key);
        children.add(value);
        return new TypeNode(
                Kind.MAP,
                0,
                0,
                Collections.unmodifiableList(children),
                Collections.<String>emptyList());
    }

    /** ROW of as many names as types. */
    public static TypeNode row(List<String> names, List<TypeNode> types) {
        if (names.size() != types.size() || names.size() > 0xFFFF) {
            throw new IllegalArgumentException(
                    names.size() + " field names for " + types.size() + " field types");
        }
        return new TypeNode(
                Kind.ROW,
                0,
                0,
                Collections.unmodifiableList(new ArrayList<>(types)),
                Collections.unmodifiableList(new ArrayList<>(names)));
    }

    /** The kind. */
    public Kind kind() {
        return kind;
    }

    /** Element type of an array; key and value type of a map; field types of a row; else empty. */
    public List<TypeNode> children() {
        return children;
    }

    /** Field names of a row; else empty. */
    public List<String> names() {
        return names;
    }

    void encode(ByteSink out) {
        out.u8(kind.id);
        switch (kind) {
            case DECIMAL:
                out.u8(precision);
                out.u8(scale);
                break;
            case TIME:
            case TIMESTAMP:
            case TIMESTAMP_LTZ:
                out.u8(precision);
                break;
            case ROW:
                out.u16(children.size());
                break;
            default:
                break;
        }
        for (int i = 0; i < children.size(); i++) {
            if (kind == Kind.ROW) {
                out.name(names.get(i));
            }
            children.get(i).encode(out);
        }
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof TypeNode)) {
            return false;
        }
        TypeNode that = (TypeNode) other;
        return kind == that.kind
                && precision == that.precision
                && scale == that.scale
                && children.equals(that.children)
                && names.equals(that.names);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, precision, scale, children, names);
    }

    @Override
    public String toString() {
        switch (kind) {
            case DECIMAL:
                return "DECIMAL(" + precision + ", " + scale + ")";
            case TIME:
            case TIMESTAMP:
            case TIMESTAMP_LTZ:
                return kind + "(" + precision + ")";
            case ROW:
                return "ROW" + names + children;
            default:
                return children.isEmpty() ? kind.name() : kind.name() + children;
        }
    }
}
