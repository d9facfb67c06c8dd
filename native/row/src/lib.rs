//! Reads row blocks, as the Java side writes them, out of byte slices.
