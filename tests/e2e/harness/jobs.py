"""Builds job jars: a few classes, compiled against Flink distributions and the connector."""

import subprocess
import tempfile
import zipfile
from pathlib import Path

from .download import flink_home
from .paths import CONNECTOR_JAR

JOBS = Path(__file__).resolve().parents[1] / "jobs"
# Folders of jobs/ that are compiled together, and the oldest Flink that has what they use; newer ones keep it.
_COMPILED_AGAINST = ((("common", "function"), "1.11"), (("sinkv2",), "1.15"))


def jobs_jar(jar: Path, include=()) -> Path:
    """All test jobs in one jar for every Flink; `include` are jars whose content is put in too (a fat jar)."""
    with tempfile.TemporaryDirectory() as classes:
        for folders, flink in _COMPILED_AGAINST:
            _compile([file for folder in folders for file in sorted((JOBS / folder).glob("*.java"))],
                     Path(classes), flink_home(flink))
        return _pack(jar, Path(classes), include)


def build_jar(sources, jar: Path, distribution: Path) -> Path:
    """Compiles Java files for Java 8 into `jar`."""
    with tempfile.TemporaryDirectory() as classes:
        _compile(sources, Path(classes), distribution)
        return _pack(jar, Path(classes), ())


def _compile(sources, classes: Path, distribution: Path) -> None:
    class_path = ":".join(map(str, [classes, *(distribution / "lib").glob("*.jar"), CONNECTOR_JAR]))
    compiled = subprocess.run(
        ["javac", "--release", "8", "-nowarn", "-Xlint:-options", "-cp", class_path, "-d", str(classes),
         *map(str, sources)], capture_output=True, text=True)
    if compiled.returncode != 0:
        raise RuntimeError(f"compiling {sources[0].parent} failed:\n{compiled.stderr}")


def repacked(jar: Path, into: Path, change) -> Path:
    """A copy of a jar in which `change(name, content)` says what an entry holds; None leaves it out."""
    with zipfile.ZipFile(jar) as content, zipfile.ZipFile(into, "w") as archive:
        for name in content.namelist():
            changed = change(name, content.read(name))
            if changed is not None:
                archive.writestr(name, changed)
    return into


def _pack(jar: Path, classes: Path, include) -> Path:
    with zipfile.ZipFile(jar, "w") as archive:
        for file in sorted(classes.rglob("*.class")):
            archive.write(file, file.relative_to(classes))
        for other in include:
            with zipfile.ZipFile(other) as content:
                for name in content.namelist():
                    if not name.endswith("/") and name != "META-INF/MANIFEST.MF":
                        archive.writestr(name, content.read(name))
    return jar
