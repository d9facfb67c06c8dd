package com.starrocks.connector.flink.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

/** The one exception of the native boundary. */
public class StarRocksNativeExceptionTest {

    @Test
    public void codesHaveTheNativeNumbers() {
        String[] names = {
            "CONFIG",
            "ROW",
            "BLOCK",
            "LOAD",
            "CONNECT",
            "TIMEOUT",
            "AUTH",
            "SCHEMA",
            "CANCELLED",
            "CLOSED",
            "MEMORY",
            "INTERNAL",
            "UNDECIDED",
            "STATE"
        };
        assertEquals(names.length, StarRocksNativeException.Code.values().length);
        for (int i = 0; i < names.length; i++) {
            StarRocksNativeException e = new StarRocksNativeException(i + 1, true, -1, null, "m");
            assertEquals(names[i], e.code().name());
            assertEquals(i + 1, e.code().number());
        }
    }

    @Test
    public void everythingIsKept() {
        StarRocksNativeException e = new StarRocksNativeException(99, true, 503, "label", "why");
        assertEquals(StarRocksNativeException.Code.INTERNAL, e.code());
        assertTrue(e.isRetriable());
        assertEquals(503, e.httpStatus());
        assertEquals("label", e.label());
        assertEquals("why", e.getMessage());
    }
}
