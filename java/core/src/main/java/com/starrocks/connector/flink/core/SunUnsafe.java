package com.starrocks.connector.flink.core;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;

/**
 * {@code sun.misc.Unsafe}, by which Flink reads and writes its own memory. Found by its name, since
 * {@code --release 8} hides it, and a JVM may have it no longer (JEP 471) or refuse its use: who
 * uses it does without if that throws.
 */
final class SunUnsafe {

    private final Class<?> unsafeClass;
    private final Object instance;

    SunUnsafe() throws ReflectiveOperationException {
        unsafeClass = Class.forName("sun.misc.Unsafe");
        Field field = unsafeClass.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        instance = field.get(null);
    }

    /** One of its methods. */
    MethodHandle method(String name, Class<?> result, Class<?>... parameters)
            throws ReflectiveOperationException {
        return MethodHandles.publicLookup()
                .findVirtual(unsafeClass, name, MethodType.methodType(result, parameters))
                .bindTo(instance);
    }

    /** {@code (owner) type}, the getter of a field, by its getter for such fields. */
    MethodHandle field(Class<?> owner, String name, Class<?> type, MethodHandle getter)
            throws ReflectiveOperationException {
        Field field = owner.getDeclaredField(name);
        if (field.getType() != type) {
            throw new NoSuchFieldException(field + " is no " + type);
        }
        Object offset =
                unsafeClass.getMethod("objectFieldOffset", Field.class).invoke(instance, field);
        return MethodHandles.insertArguments(getter, 1, offset)
                .asType(MethodType.methodType(type, owner));
    }
}
