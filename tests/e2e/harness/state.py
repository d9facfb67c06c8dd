"""The sink's records in a checkpoint's files, read and changed by what the documentation of their format says."""

import struct
import zlib
from pathlib import Path
from urllib.parse import urlparse

_MAGIC = b"SRCK"
_BATCH = 1
_HEAD = 12  # magic, version, kind, bytes of the payload


def age_batches(checkpoint: str, seconds: float) -> int:
    """Makes the batches that a checkpoint holds older; how many there are."""
    batches = 0
    for file in Path(urlparse(checkpoint).path).iterdir():
        content = bytearray(file.read_bytes())
        at = content.find(_MAGIC)
        while at >= 0:
            version, kind, size = struct.unpack_from("<HHI", content, at + 4)
            end = at + _HEAD + size
            (checksum,) = struct.unpack_from("<I", content, end)
            if version != 1 or checksum != zlib.crc32(content[at:end]):
                raise AssertionError(f"{file} holds no record of version 1 at {at}")
            if kind == _BATCH:
                batches += 1
                time = _batch_time(content, at + _HEAD)
                (taken,) = struct.unpack_from("<q", content, time)
                struct.pack_into("<q", content, time, taken - int(seconds * 1000))
                struct.pack_into("<I", content, end, zlib.crc32(content[at:end]))
            at = content.find(_MAGIC, end)
        file.write_bytes(content)
    return batches


def _batch_time(content: bytes, at: int) -> int:
    """Where a batch's payload has its time."""
    def number():
        return struct.unpack_from("<I", content, at)[0]

    for _ in range(3):  # database, table, label
        at += 4 + number()
    headers = number()
    at += 4
    for _ in range(2 * headers):
        at += 4 + number()
    return at + 1 + 3 * 8  # a flag; rows, checkpoint, sequence
