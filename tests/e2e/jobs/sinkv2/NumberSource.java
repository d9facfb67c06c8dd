package com.starrocks.e2e;

import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * The counting source in the form that Flink 2 takes: 0, 1, 2, ... to one reader, going on after a
 * failure from where the last checkpoint was. For each completed checkpoint it adds a line
 * "checkpoint next-number" to a file.
 */
final class NumberSource
        implements Source<Long, NumberSource.Position, List<NumberSource.Position>> {
    private static final long serialVersionUID = 1;

    private final long rows;
    private final long rowsPerSecond;
    private final String progressFile;
    private final String endFile;

    /** As for {@code CountingSource}: how many, or -1; how fast, or 0; the files, or null. */
    NumberSource(long rows, long rowsPerSecond, String progressFile, String endFile) {
        this.rows = rows;
        this.rowsPerSecond = rowsPerSecond;
        this.progressFile = progressFile;
        this.endFile = endFile;
    }

    @Override
    public Boundedness getBoundedness() {
        return rows < 0 ? Boundedness.CONTINUOUS_UNBOUNDED : Boundedness.BOUNDED;
    }

    @Override
    public SourceReader<Long, Position> createReader(SourceReaderContext context) {
        return new Reader();
    }

    @Override
    public SplitEnumerator<Position, List<Position>> createEnumerator(
            SplitEnumeratorContext<Position> context) {
        return new Enumerator(context, Collections.singletonList(new Position(0)));
    }

    @Override
    public SplitEnumerator<Position, List<Position>> restoreEnumerator(
            SplitEnumeratorContext<Position> context, List<Position> unassigned) {
        return new Enumerator(context, unassigned);
    }

    @Override
    public SimpleVersionedSerializer<Position> getSplitSerializer() {
        return new PositionSerializer();
    }

    @Override
    public SimpleVersionedSerializer<List<Position>> getEnumeratorCheckpointSerializer() {
        return new PositionsSerializer();
    }

    /** The number that comes next: all there is to know about where the source is. */
    static final class Position implements SourceSplit {
        final long next;

        Position(long next) {
            this.next = next;
        }

        @Override
        public String splitId() {
            return "numbers";
        }
    }

    private final class Reader implements SourceReader<Long, Position> {
        private final TreeMap<Long, Long> pending = new TreeMap<>();
        private final CompletableFuture<Void> available = new CompletableFuture<>();
        private long next = -1; // without the split yet
        private long first;
        private long start;
        private long end = rows;

        @Override
        public void start() {}

        @Override
        public InputStatus pollNext(ReaderOutput<Long> output) throws Exception {
            if (next < 0) {
                return InputStatus.NOTHING_AVAILABLE;
            }
            if (end < 0 && (next - first) % Progress.ROWS_BETWEEN_LOOKS == 0) {
                end = Progress.readEnd(endFile, next);
            }
            if (next == end) {
                return InputStatus.END_OF_INPUT;
            }
            if (Progress.ahead(rowsPerSecond, start, next - first)) {
                Thread.sleep(1);
            } else {
                output.collect(next);
                next++;
            }
            return InputStatus.MORE_AVAILABLE;
        }

        @Override
        public void addSplits(List<Position> splits) {
            first = next = splits.get(0).next;
            start = System.nanoTime();
            available.complete(null);
        }

        @Override
        public void notifyNoMoreSplits() {}

        @Override
        public CompletableFuture<Void> isAvailable() {
            return available;
        }

        @Override
        public List<Position> snapshotState(long checkpointId) {
            pending.put(checkpointId, next);
            return next < 0
                    ? Collections.emptyList()
                    : Collections.singletonList(new Position(next));
        }

        @Override
        public void notifyCheckpointComplete(long checkpointId) throws IOException {
            Long emitted = pending.get(checkpointId);
            if (emitted != null && emitted >= 0) {
                Progress.note(progressFile, checkpointId, emitted);
            }
            pending.headMap(checkpointId, true).clear();
        }

        @Override
        public void close() {}
    }

    /** Gives the one split to the first reader that comes. */
    private static final class Enumerator implements SplitEnumerator<Position, List<Position>> {
        private final SplitEnumeratorContext<Position> context;
        private final List<Position> unassigned;

        Enumerator(SplitEnumeratorContext<Position> context, List<Position> unassigned) {
            this.context = context;
            this.unassigned = new ArrayList<>(unassigned);
        }

        @Override
        public void start() {}

        @Override
        public void handleSplitRequest(int subtask, String host) {}

        @Override
        public void addSplitsBack(List<Position> splits, int subtask) {
            unassigned.addAll(splits);
        }

        @Override
        public void addReader(int subtask) {
            for (Position split : unassigned) {
                context.assignSplit(split, subtask);
            }
            unassigned.clear();
        }

        @Override
        public List<Position> snapshotState(long checkpointId) {
            return new ArrayList<>(unassigned);
        }

        @Override
        public void close() {}
    }

    private static final class PositionSerializer implements SimpleVersionedSerializer<Position> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(Position position) {
            return ByteBuffer.allocate(Long.BYTES).putLong(position.next).array();
        }

        @Override
        public Position deserialize(int version, byte[] serialized) {
            return new Position(ByteBuffer.wrap(serialized).getLong());
        }
    }

    private static final class PositionsSerializer
            implements SimpleVersionedSerializer<List<Position>> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(List<Position> positions) {
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * positions.size());
            positions.forEach(position -> bytes.putLong(position.next));
            return bytes.array();
        }

        @Override
        public List<Position> deserialize(int version, byte[] serialized) {
            List<Position> positions = new ArrayList<>();
            ByteBuffer bytes = ByteBuffer.wrap(serialized);
            while (bytes.hasRemaining()) {
                positions.add(new Position(bytes.getLong()));
            }
            return positions;
        }
    }
}
