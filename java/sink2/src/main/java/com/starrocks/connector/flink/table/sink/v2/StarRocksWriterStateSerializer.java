package com.starrocks.connector.flink.table.sink.v2;

import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes {@linkplain StarRocksWriterState the state of writers}.
 *
 * <p>Version 1, integers big-endian: the number of records, an {@code int}; of each its bytes'
 * number, an {@code int}, and its bytes. Records have a version and a checksum of their own. What
 * reads a version stays for ever.
 */
public final class StarRocksWriterStateSerializer
        implements SimpleVersionedSerializer<StarRocksWriterState> {

    private static final int VERSION = 1;

    @Override
    public int getVersion() {
        return VERSION;
    }

    @Override
    public byte[] serialize(StarRocksWriterState state) {
        int size = Integer.BYTES;
        for (byte[] record : state.records()) {
            size = Math.addExact(size, Integer.BYTES + record.length);
        }
        ByteBuffer buffer = ByteBuffer.allocate(size).putInt(state.records().size());
        for (byte[] record : state.records()) {
            buffer.putInt(record.length).put(record);
        }
        return buffer.array();
    }

    @Override
    public StarRocksWriterState deserialize(int version, byte[] bytes) throws IOException {
        Versions.check("writer's state", version, VERSION);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        List<byte[]> records = new ArrayList<>();
        try {
            int count = buffer.getInt();
            if (count < 0) {
                throw damaged(bytes, "it counts " + count + " records");
            }
            for (int i = 0; i < count; i++) {
                int length = buffer.getInt();
                if (length < 0 || length > buffer.remaining()) {
                    throw new BufferUnderflowException();
                }
                byte[] record = new byte[length];
                buffer.get(record);
                records.add(record);
            }
        } catch (BufferUnderflowException e) {
            throw damaged(bytes, "it ends inside a record");
        }
        if (buffer.hasRemaining()) {
            throw damaged(bytes, buffer.remaining() + " bytes follow its last record");
        }
        return new StarRocksWriterState(records);
    }

    private static IOException damaged(byte[] bytes, String how) {
        return new IOException(
                "The state of a writer of the StarRocks sink, "
                        + bytes.length
                        + " bytes, is damaged: "
                        + how
                        + ". Restore from another checkpoint.");
    }
}
