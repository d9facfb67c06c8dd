"""Where things are: the work tree, what the build leaves, and the cache outside of the work tree."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build"
VERSION = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
LIBRARY = BUILD / "libs" / "libstarrocks_flink.so"
PROGRAMS = BUILD / "bin"  # what `dev.d/build --programs` makes
CONNECTOR_JAR = BUILD / "libs" / f"flink-connector-starrocks-native-{VERSION}.jar"


def cache_folder() -> Path:
    """Downloads that outlive a clean checkout; `STARROCKS_SINK_CACHE` moves it."""
    named = os.environ.get("STARROCKS_SINK_CACHE")
    base = Path(named) if named else Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flink-connector-starrocks-native"
    base.mkdir(parents=True, exist_ok=True)
    return base


def cargo_target() -> Path:
    """The folder cargo builds into."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
