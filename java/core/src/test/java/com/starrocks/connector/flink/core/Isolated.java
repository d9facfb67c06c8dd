package com.starrocks.connector.flink.core;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The connector's jar in a class loader of its own, as Flink gives each job. */
final class Isolated implements AutoCloseable {

    private static final String PACKAGE = "com.starrocks.connector.flink.core.";

    private final URLClassLoader loader;

    /** A class loader of the jar and of more folders or jars. */
    Isolated(Path jar, Path... more) throws IOException {
        List<URL> urls = new ArrayList<>();
        urls.add(jar.toUri().toURL());
        for (Path path : more) {
            urls.add(path.toUri().toURL());
        }
        // The platform's classes, but none of the class path's.
        loader =
                new URLClassLoader(
                        urls.toArray(new URL[0]), ClassLoader.getSystemClassLoader().getParent());
    }

    /** A class as this loader has it. */
    Class<?> type(String name) throws ClassNotFoundException {
        return Class.forName(PACKAGE + name, true, loader);
    }

    /** {@link NativeLibrary#load}. */
    String load(String explicitPath, Path... temporaryFolders) throws Exception {
        List<String> folders = new ArrayList<>();
        for (Path folder : temporaryFolders) {
            folders.add(folder.toString());
        }
        return (String)
                call(
                        "NativeLibrary",
                        "load",
                        types(String.class, List.class),
                        explicitPath,
                        folders);
    }

    /** A static method without arguments. */
    Object call(String type, String method) throws Exception {
        return call(type, method, types());
    }

    private static Class<?>[] types(Class<?>... types) {
        return types;
    }

    private Object call(String type, String method, Class<?>[] types, Object... arguments)
            throws Exception {
        try {
            return type(type).getMethod(method, types).invoke(null, arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exception) {
                throw (Exception) e.getCause();
            }
            throw new AssertionError(Arrays.toString(arguments), e.getCause());
        }
    }

    @Override
    public void close() throws IOException {
        loader.close();
    }
}
