package com.starrocks.connector.flink.chaos;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.concurrent.Callable;

/** Calls within the frame of Flink's task that stands for an orderly end. */
final class TaskFrame {

    /** The folder with the class of the frame. */
    private static final String PROPERTY = "chaos.task";

    private static final Class<?> FRAME = load();

    private TaskFrame() {}

    private static Class<?> load() {
        try {
            URL[] folder = {new File(System.getProperty(PROPERTY)).toURI().toURL()};
            // Without a parent that knows Flink's own class of this name.
            return new URLClassLoader(folder, ClassLoader.getPlatformClassLoader())
                    .loadClass("org.apache.flink.streaming.runtime.tasks.StreamTask");
        } catch (ReflectiveOperationException | java.io.IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Calls the body as Flink's task does after its input has ended. */
    @SuppressWarnings("unchecked")
    static void call(Callable<Void> body) throws Exception {
        ((Callable<Void>) FRAME.getConstructor(Callable.class).newInstance(body)).call();
    }
}
