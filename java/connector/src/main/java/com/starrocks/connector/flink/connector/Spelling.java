package com.starrocks.connector.flink.connector;

import java.util.List;

/** Finds what a misspelt word was meant to be. */
final class Spelling {

    /** Edits beyond which two words have nothing to do with each other. */
    private static final int MAX_EDITS = 4;

    private Spelling() {}

    /** The nearest of the words, or null if none is near. */
    static String nearest(String word, List<String> words) {
        String nearest = null;
        int least = Math.min(MAX_EDITS, word.length() / 2) + 1;
        for (String candidate : words) {
            int edits = edits(word, candidate);
            if (edits < least) {
                least = edits;
                nearest = candidate;
            }
        }
        return nearest;
    }

    /** Levenshtein distance: insertions, deletions and replacements between two words. */
    private static int edits(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
