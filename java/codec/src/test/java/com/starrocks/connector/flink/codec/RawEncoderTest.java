package com.starrocks.connector.flink.codec;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import com.starrocks.connector.flink.core.BlockLayout;
import com.starrocks.connector.flink.core.RowBlock;

import org.junit.Test;

/** Rows that are text. */
public class RawEncoderTest {

    private final RawEncoder encoder = new RawEncoder();

    @Test
    public void textGoesAsItIs() {
        assertEquals(BlockLayout.RAW, encoder.encode("", new RowBlock(64)));
        assertEquals("7b2261223a22c3bc227d", Blocks.payload(encoder, "{\"a\":\"\u00fc\"}"));
        assertEquals("", Blocks.payload(encoder, ""));
        assertThrows(IllegalArgumentException.class, () -> Blocks.payload(encoder, (String) null));
    }
}
