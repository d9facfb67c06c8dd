/**
 * The Java half of the native boundary, free of Flink: finding and loading the library, the native
 * declarations, row blocks, and one session of the sink.
 *
 * <p>Rows cross the boundary in blocks ({@link com.starrocks.connector.flink.core.RowBlock}), one
 * native call for some hundred kilobytes of them; configuration crosses as pairs ({@link
 * com.starrocks.connector.flink.core.PairsWriter}). The layouts are written down in {@link
 * com.starrocks.connector.flink.core.BlockLayout} and mirrored in the Rust crate {@code row}.
 */
package com.starrocks.connector.flink.core;
