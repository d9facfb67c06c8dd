"""Builds job jars: a few classes, compiled against a Flink distribution and the connector."""

import subprocess
import tempfile
import zipfile
from pathlib import Path

from .paths import CONNECTOR_JAR


def build_jar(sources, jar: Path, distribution: Path, include=()) -> Path:
    """Compiles Java files for Java 8 into `jar`; `include` are jars whose content is put in too (a fat jar)."""
    class_path = ":".join(str(path) for path in (distribution / "lib").glob("*.jar")) + f":{CONNECTOR_JAR}"
    with tempfile.TemporaryDirectory() as classes:
        compiled = subprocess.run(
            ["javac", "--release", "8", "-nowarn", "-Xlint:-options", "-cp", class_path, "-d", classes,
             *map(str, sources)], capture_output=True, text=True)
        if compiled.returncode != 0:
            raise RuntimeError(f"compiling {jar.stem} failed:\n{compiled.stderr}")
        with zipfile.ZipFile(jar, "w") as archive:
            for file in sorted(Path(classes).rglob("*.class")):
                archive.write(file, file.relative_to(classes))
            for other in include:
                with zipfile.ZipFile(other) as content:
                    for name in content.namelist():
                        if not name.endswith("/") and name != "META-INF/MANIFEST.MF":
                            archive.writestr(name, content.read(name))
    return jar
