package com.starrocks.connector.flink.table.sink.v2;

import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes {@linkplain StarRocksCommittable committables}.
 *
 * <p>Version 1: the checkpoint, a big-endian {@code long}; then, to the end, the record, which has
 * a version and a checksum of its own. What reads a version stays for ever.
 */
public final class StarRocksCommittableSerializer
        implements SimpleVersionedSerializer<StarRocksCommittable> {

    private static final int VERSION = 1;

    @Override
    public int getVersion() {
        return VERSION;
    }

    @Override
    public byte[] serialize(StarRocksCommittable committable) {
        return ByteBuffer.allocate(Long.BYTES + committable.record().length)
                .putLong(committable.checkpoint())
                .put(committable.record())
                .array();
    }

    @Override
    public StarRocksCommittable deserialize(int version, byte[] bytes) throws IOException {
        Versions.check("committable", version, VERSION);
        if (bytes.length < Long.BYTES) {
            throw new IOException(
                    "A committable of the StarRocks sink has "
                            + bytes.length
                            + " bytes: it is cut off. Restore from another checkpoint.");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        long checkpoint = buffer.getLong();
        byte[] record = new byte[buffer.remaining()];
        buffer.get(record);
        return new StarRocksCommittable(checkpoint, record);
    }
}
