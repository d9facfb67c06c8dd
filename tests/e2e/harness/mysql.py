"""A small MySQL-protocol client: text queries with `mysql_native_password`, values as the server wrote them.

Written here so that a test sees every byte of a value and tells NULL from 'NULL', which the command line
client's tab-separated output does not.
"""

import hashlib
import socket
import struct

_LONG_PASSWORD, _CONNECT_WITH_DB, _PROTOCOL_41, _SECURE, _PLUGIN_AUTH = 0x1, 0x8, 0x200, 0x8000, 0x80000


class MySqlError(Exception):
    """An ERR packet: the server's code and text."""

    def __init__(self, code: int, text: str):
        super().__init__(f"({code}) {text}")
        self.code = code


class Connection:
    """One connection, used by one thread."""

    def __init__(self, port: int, user: str, password: str, database: str = "", host: str = "127.0.0.1",
                 timeout: float = 30.0):
        self._socket = socket.create_connection((host, port), timeout)
        self._stream = self._socket.makefile("rb")
        self._sequence = 0
        try:
            self._log_in(user, password, database)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def query(self, sql: str) -> list:
        """Rows as tuples of `str` or None; an empty list for a statement without a result set."""
        return [tuple(v if v is None else v.decode() for v in row) for row in self.query_bytes(sql)]

    def query_bytes(self, sql: str) -> list:
        """As `query`, with each value as its bytes."""
        self._sequence = 0
        self._send(b"\x03" + sql.encode())
        first = self._receive()
        if first[0] == 0x00:
            return []
        columns, _ = _length(first, 0)
        for _ in range(columns):
            self._receive()
        self._receive()  # EOF after the column definitions
        rows = []
        while True:
            packet = self._receive()
            if packet[0] == 0xFE and len(packet) < 9:
                return rows
            rows.append(_row(packet, columns))

    def _log_in(self, user: str, password: str, database: str) -> None:
        greeting = self._receive()
        end = greeting.index(b"\0", 1)
        salt = greeting[end + 5:end + 13]
        if len(greeting) > end + 32:
            salt += greeting[end + 32:end + 44]
        flags = _LONG_PASSWORD | _PROTOCOL_41 | _SECURE | _PLUGIN_AUTH | (_CONNECT_WITH_DB if database else 0)
        proof = _scramble(password, salt)
        answer = struct.pack("<IIB23x", flags, 1 << 24, 45) + user.encode() + b"\0" + bytes([len(proof)]) + proof
        if database:
            answer += database.encode() + b"\0"
        self._send(answer + b"mysql_native_password\0")
        reply = self._receive()
        if reply[0] == 0xFE:  # the server asks for another method, or with another salt
            name, _, rest = reply[1:].partition(b"\0")
            if name != b"mysql_native_password":
                raise MySqlError(0, f"the server wants authentication by {name.decode()}")
            self._send(_scramble(password, rest[:20]))
            self._receive()

    def _send(self, payload: bytes) -> None:
        while True:
            part, payload = payload[:0xFFFFFF], payload[0xFFFFFF:]
            self._socket.sendall(struct.pack("<I", len(part))[:3] + bytes([self._sequence & 0xFF]) + part)
            self._sequence += 1
            if len(part) < 0xFFFFFF:
                return

    def _receive(self) -> bytes:
        payload = b""
        while True:
            header = self._exactly(4)
            size = int.from_bytes(header[:3], "little")
            self._sequence = header[3] + 1
            payload += self._exactly(size)
            if size < 0xFFFFFF:
                break
        if payload[:1] == b"\xff":
            text = payload[3:]
            raise MySqlError(struct.unpack("<H", payload[1:3])[0],
                             text[6 if text[:1] == b"#" else 0:].decode(errors="replace"))
        return payload

    def _exactly(self, size: int) -> bytes:
        got = self._stream.read(size)
        if len(got) < size:
            raise ConnectionError("the server closed the connection")
        return got


def _scramble(password: str, salt: bytes) -> bytes:
    if not password:
        return b""
    once = hashlib.sha1(password.encode()).digest()
    mask = hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def _length(packet: bytes, at: int):
    """A length-encoded integer and the position after it."""
    first = packet[at]
    if first < 0xFB:
        return first, at + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(packet[at + 1:at + 1 + size], "little"), at + 1 + size


def _row(packet: bytes, columns: int) -> tuple:
    values, at = [], 0
    for _ in range(columns):
        if packet[at] == 0xFB:
            values.append(None)
            at += 1
        else:
            size, at = _length(packet, at)
            values.append(packet[at:at + size])
            at += size
    return tuple(values)
