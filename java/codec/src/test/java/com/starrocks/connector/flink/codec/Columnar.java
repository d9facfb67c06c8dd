package com.starrocks.connector.flink.codec;

import org.apache.flink.table.data.RowData;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;

/** Flink's columnar rows, whose packages differ between 1.13 and later versions. */
final class Columnar {

    private static final String PACKAGE = "org.apache.flink.table.data.";

    private Columnar() {}

    private static Class<?> find(String before, String since) throws ClassNotFoundException {
        try {
            return Class.forName(PACKAGE + since);
        } catch (ClassNotFoundException e) {
            return Class.forName(PACKAGE + before);
        }
    }

    /** A vector of so many values. */
    static Object vector(String name, int size) throws ReflectiveOperationException {
        return find("vector.heap." + name, "columnar.vector.heap." + name)
                .getConstructor(int.class)
                .newInstance(size);
    }

    /** Sets the values of a vector of primitives. */
    static void set(Object vector, String field, Object values)
            throws ReflectiveOperationException {
        vector.getClass().getField(field).set(vector, values);
    }

    /** Appends to a vector of bytes. */
    static void append(Object vector, int index, byte[] value) throws ReflectiveOperationException {
        vector.getClass()
                .getMethod("appendBytes", int.class, byte[].class, int.class, int.class)
                .invoke(vector, index, value, 0, value.length);
    }

    /** One row of a batch of vectors. */
    static RowData row(int index, Object... vectors) throws ReflectiveOperationException {
        Class<?> vectorClass = find("vector.ColumnVector", "columnar.vector.ColumnVector");
        Object columns = Array.newInstance(vectorClass, vectors.length);
        for (int i = 0; i < vectors.length; i++) {
            Array.set(columns, i, vectors[i]);
        }
        Class<?> batchClass =
                find("vector.VectorizedColumnBatch", "columnar.vector.VectorizedColumnBatch");
        Object batch = batchClass.getConstructor(columns.getClass()).newInstance(columns);
        Constructor<?> row =
                find("ColumnarRowData", "columnar.ColumnarRowData")
                        .getConstructor(batchClass, int.class);
        return (RowData) row.newInstance(batch, index);
    }
}
