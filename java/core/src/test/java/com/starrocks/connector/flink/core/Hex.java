package com.starrocks.connector.flink.core;

import java.nio.ByteBuffer;

/** Bytes as hex, for comparing them with what a test expects. */
public final class Hex {

    private Hex() {}

    /** Lower case, without separators. */
    public static String of(byte[] bytes) {
        StringBuilder hex = new StringBuilder();
        for (byte b : bytes) {
            hex.append(String.format("%02x", b));
        }
        return hex.toString();
    }

    /** What a block holds. */
    public static String of(RowBlock block) {
        return of(bytes(block));
    }

    /** What a block holds. */
    public static byte[] bytes(RowBlock block) {
        byte[] bytes = new byte[block.length()];
        ByteBuffer copy = block.buffer().duplicate();
        copy.position(0);
        copy.get(bytes);
        return bytes;
    }

    /** Bytes from hex; blanks are skipped. */
    public static byte[] parse(String hex) {
        String digits = hex.replaceAll("\\s", "");
        byte[] bytes = new byte[digits.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }

    /** The same hex without blanks. */
    public static String strip(String hex) {
        return hex.replaceAll("\\s", "");
    }
}
