package com.starrocks.connector.flink.core;

import java.util.Locale;

/** Operating system and processor, named as the folders of libraries in the jar. */
final class Platform {

    private final String os;
    private final String arch;

    private Platform(String os, String arch) {
        this.os = os;
        this.arch = arch;
    }

    /** The platform that this JVM runs on. */
    static Platform current() {
        return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    static Platform of(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        String arch = osArch.toLowerCase(Locale.ROOT);
        if (os.startsWith("mac")) {
            os = "macos";
        } else if (os.startsWith("windows")) {
            os = "windows";
        }
        if (arch.equals("amd64") || arch.equals("x86-64")) {
            arch = "x86_64";
        } else if (arch.equals("arm64")) {
            arch = "aarch64";
        }
        return new Platform(os.replace(' ', '_'), arch);
    }

    String arch() {
        return arch;
    }

    boolean isLinux() {
        return os.equals("linux");
    }

    /** Such as {@code linux-x86_64}. */
    @Override
    public String toString() {
        return os + "-" + arch;
    }
}
