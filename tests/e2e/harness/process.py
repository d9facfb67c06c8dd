"""Child processes that never outlive this one, and progress for those that take long."""

import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

_running = set()
_lock = threading.Lock()  # whoever starts a child adds it to `_running` before anyone stops all
_stopping = False
_thread = threading.local()


def say(text: str) -> None:
    """Prints to the standard error output, each line after what `label_lines` has given the thread."""
    label = getattr(_thread, "label", "")
    print("\n".join(label + line for line in text.split("\n")), file=sys.stderr, flush=True)


def label_lines(label: str) -> None:
    """What the current thread says begins with this."""
    _thread.label = label


class Child:
    """A server process: in a session of its own (so Ctrl-C reaches only us), its output in a file.

    It is killed when the thread that started it ends, so that even `kill -9` of the harness leaves no cluster behind.
    """

    def __init__(self, arguments, log: Path, env=None, cwd=None, stdin: Path = Path(os.devnull)):
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with _lock, open(log, "ab") as out, open(stdin, "rb") as given:
            if _stopping:
                raise KeyboardInterrupt
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, arguments)], stdin=given, stdout=out,
                stderr=subprocess.STDOUT, env=env, cwd=cwd, start_new_session=True)
            _running.add(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self):
        """None while it runs."""
        return self._process.poll()

    def resident(self) -> int:
        """VmRSS in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def stop(self, patience: float = 10.0) -> None:
        """SIGTERM, and SIGKILL for the whole process group after `patience` seconds. Idempotent."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self) -> None:
        """SIGKILL for the process and what it started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self._process.wait()
        _running.discard(self)

    def tail(self, lines: int = 40) -> str:
        return tail(self.log, lines)


def stop_all() -> None:
    """Stops every child still running, the youngest first; no other one is started any more."""
    global _stopping
    with _lock:
        _stopping = True
        running = sorted(_running, key=lambda c: -c.pid)
    for child in running:
        child.stop(patience=5)


atexit.register(stop_all)


def exit_on_signals() -> None:
    """Makes SIGTERM and SIGHUP run the same clean-up as Ctrl-C, which some shells turn off for what they start."""
    def interrupt(number, _frame):
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def explain(error: Exception, folder: Path) -> str:
    """Why something failed, in its own words; where it happened is in a file of the folder."""
    file = folder / "traceback.txt"
    file.write_text("".join(traceback.format_exception(error)))
    return f"{str(error) or type(error).__name__}\n({file.name} says where)"


def tail(path: Path, lines: int = 40) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


class Progress:
    """Prints what is being done and, while it takes long, for how many seconds already."""

    def __init__(self, what: str, detail=lambda: "", every: float = 10.0):
        self._what, self._detail, self._every = what, detail, every
        self._done = threading.Event()
        self._label = getattr(_thread, "label", "")
        self._thread = threading.Thread(target=self._report, daemon=True)
        self.started = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _report(self) -> None:
        label_lines(self._label)
        wait = 3.0
        while not self._done.wait(wait):
            detail = self._detail()
            say(f"   ... {self._what}: {self.seconds():.0f} s{', ' + detail if detail else ''}")
            wait = self._every


def run_logged(what: str, arguments, timeout: float = 1800, **popen) -> str:
    """Runs a command, showing progress; its output is returned, and shown only if it fails."""
    with Progress(what) as progress, tempfile.TemporaryFile() as out:
        try:
            code = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.STDOUT, timeout=timeout, **popen).returncode
        except subprocess.TimeoutExpired:
            code = f"none after {timeout} s"
        out.seek(0)
        text = out.read().decode(errors="replace")
        if code != 0:
            say(f"   {what}: failed after {progress.seconds():.0f} s, exit code {code}; the end of its output:")
            say("\n".join("     " + line for line in text.splitlines()[-40:]))
            raise subprocess.CalledProcessError(code if isinstance(code, int) else 124, arguments, text)
        return text


def wait_for(what: str, condition, timeout: float, every: float = 0.1):
    """Polls until `condition()` is true and returns that value; TimeoutError names what was waited for."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:.0f} s for {what}")
        time.sleep(every)
