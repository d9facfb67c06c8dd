"""A MariaDB server of its own: data folder, port, binlog with rows; stopped with whoever started it."""

import getpass
import shutil
import socket
from pathlib import Path

from .mysql import Connection
from .process import Child, run_logged, wait_for

CDC_USER = "cdc"
CDC_PASSWORD = "cdc-pa55=w0rd#that-no-log-may-show"


class MariaDb:
    """A context manager: leaving it stops the server. `root` has no password; `cdc` may read tables and binlog."""

    def __init__(self, folder: Path):
        self._folder = folder / "mariadb"
        self._folder.mkdir(parents=True)

    def __enter__(self):
        data = self._folder / "data"
        common = [f"--datadir={data}", f"--user={getpass.getuser()}", f"--tmpdir={self._folder}"]
        run_logged("making MariaDB's data folder", [
            program("mariadb-install-db"), "--no-defaults", "--auth-root-authentication-method=normal",
            "--skip-test-db", *common])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._child = Child([
            program("mariadbd"), "--no-defaults", *common, f"--port={self.port}", "--bind-address=127.0.0.1",
            f"--socket={self._folder / 'socket'}", "--server-id=1", "--log-bin=binlog", "--binlog-format=ROW",
            "--character-set-server=utf8mb4", "--default-time-zone=+00:00", "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=0"], self._folder / "mariadb.log")

        def answers():
            if self._child.exit_code() is not None:
                raise RuntimeError(f"MariaDB ended at its start:\n{self._child.tail()}")
            try:
                self.connect().close()
                return True
            except OSError:
                return False

        try:
            wait_for("MariaDB to start", answers, timeout=60)
            with self.connect() as connection:
                connection.query(f"CREATE USER {CDC_USER}@'%' IDENTIFIED BY '{CDC_PASSWORD}'")
                connection.query("GRANT SELECT, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* "
                                 f"TO {CDC_USER}@'%'")
        except BaseException:
            self._child.kill()
            raise
        return self

    def __exit__(self, kind, error, _):
        ended = self._child.exit_code()
        self._child.stop()
        if ended is not None and isinstance(error, Exception):
            raise RuntimeError(f"MariaDB has ended by itself, with exit code {ended}:\n{self._child.tail(5)}") from error

    def connect(self) -> Connection:
        """A connection as the administrator."""
        return Connection(self.port, "root", "")


def program(name: str) -> str:
    """Where one of the server's programs is; Debian keeps the server itself out of users' paths."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if not found:
        raise RuntimeError(f"{name} is missing (Debian: apt-get install mariadb-server)")
    return found
