"""The StarRocks sandbox as a process of its own, on ports of its own."""

import base64
import json
import urllib.request
from pathlib import Path

from .mysql import Connection
from .paths import PROGRAMS
from .process import Child, wait_for

USER = "root"
PASSWORD = "pa55-w0rd-that-no-log-may-show"


class Sandbox:
    """A context manager: leaving it stops the server. Data is in memory; it lives as long as the process.

    Ports that are taken down and up again (`down`, `up`) keep their numbers, and the server its data and labels.
    """

    def __init__(self, folder: Path, options=()):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._options = list(options)
        self.user, self.password = USER, PASSWORD

    def __enter__(self):
        ready = self._folder / "sandbox-ready.json"
        ready.unlink(missing_ok=True)
        self._child = Child([PROGRAMS / "starrocks-sandbox", "--user", self.user, "--password",
                             self.password, "--ready-file", ready, *self._options], self._folder / "sandbox.log")

        def is_ready():
            if self._child.exit_code() is not None:
                raise RuntimeError(f"the sandbox ended at its start:\n{self._child.tail()}")
            return ready.exists()

        try:
            wait_for("the sandbox to start", is_ready, timeout=30)
        except BaseException:
            self._child.kill()
            raise
        ports = json.loads(ready.read_text())
        self.fe_port, self.mysql_port, self._control_port = ports["fe"], ports["mysql"], ports["control"]
        return self

    def __exit__(self, *_):
        self._child.stop()

    @property
    def load_url(self) -> str:
        return f"127.0.0.1:{self.fe_port}"

    @property
    def jdbc_url(self) -> str:
        return f"jdbc:mysql://127.0.0.1:{self.mysql_port}"

    def connect(self) -> Connection:
        """A connection to the MySQL port."""
        return Connection(self.mysql_port, self.user, self.password)

    # --- what goes wrong, through the control port

    def arm(self, *faults: dict) -> None:
        """Arms faults: `kind` and what else the sandbox's README says."""
        self._control("POST", "/faults", list(faults))

    def all_fired(self) -> bool:
        """Whether each armed fault has fired at least once, and as often as it was to."""
        return all(fault["hits"] >= max(fault["times"], 1) for fault in self._control("GET", "/faults"))

    def clear_faults(self) -> None:
        """Takes back every fault, and what `down` and `hang` did."""
        self._control("DELETE", "/faults")
        self._order(start="all", hang=False)

    def down(self) -> None:
        """Closes all ports and resets their connections."""
        self._order(stop="all")

    def up(self) -> None:
        self._order(start="all")

    def hang(self) -> None:
        """The load ports accept connections and requests, and answer none."""
        for port in ("fe", "be"):
            self._order(hang=True, port=port)

    def slow(self, rate: int) -> None:
        """Bytes per second at which each load is taken; 0 for no limit."""
        self._order(rate=rate)

    def expire(self, database: str, label: str) -> None:
        """A label's transaction, begun or prepared, runs out of time."""
        self._order(expire={"db": database, "label": label})

    def forget(self, database: str, label: str) -> None:
        """The server forgets a label."""
        self._order(forget_label={"db": database, "label": label})

    def commit(self, database: str, label: str) -> None:
        """Commits a prepared transaction, as any client may."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        request = urllib.request.Request(f"http://{self.load_url}/api/transaction/commit", b"", {
            "Authorization": f"Basic {token}", "db": database, "label": label}, method="POST")
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        if answer["Status"] != "OK":
            raise RuntimeError(f"committing {label}: {answer}")

    def open_transactions(self, database: str) -> list:
        """Transactions that are neither visible nor aborted, the oldest first: label, table, state, ...

        Without a state, a BE alone still has it in its memory: the FE has aborted it, as it does when a BE is down, and
        answers for it from then on, so that no client gets through to the BE.
        """
        return [t for t in self._control("GET", "/transactions") if t["db"] == database and t["state"] is not None]

    def operations(self) -> dict:
        """For each operation of the load interfaces: requests, and the most at the same time (peak)."""
        return self._control("GET", "/stats")["operations"]

    def forget_operations(self) -> None:
        """Counts operations from now on."""
        self._control("DELETE", "/stats")

    def rows_loaded(self, database: str, table: str) -> int:
        """Rows of the loads that were committed."""
        return self._control("GET", "/stats")["tables"].get(f"{database}.{table}", {}).get("rows", 0)

    def requests(self) -> int:
        """HTTP requests so far, on all ports of FEs and BEs."""
        return self._control("GET", "/stats")["requests"]

    def _order(self, **order) -> None:
        self._control("POST", "/control", order)

    def _control(self, method: str, path: str, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self._control_port}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
