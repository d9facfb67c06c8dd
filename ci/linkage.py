"""Looks in Flink distributions for what the jar's classes refer to and must implement: `linkage.py VERSION...`.

That is classes, fields, methods with their parameters, and the methods that Flink's interfaces want of a class.
"""

import re
import struct
import sys
import zipfile
from functools import lru_cache

from harness.download import LATEST, flink_home, minor
from harness.paths import CONNECTOR_JAR, ROOT

# Source set -> the first and the last Flink that its classes are for.
SERVES = {
    "core": ("1.11", "2.99"), "codec": ("1.11", "2.99"), "connector": ("1.11", "2.99"), "flink111": ("1.11", "1.20"),
    "sink2": ("1.15", "2.99"), "flink115": ("1.15", "1.18"), "flink119": ("1.19", "2.99"),
}
# With methods for either sink interface, each of which is linked when it is called.
EITHER = "com/starrocks/connector/flink/table/sink/SinkFunctionFactory"
# Flink 1.19 and 1.20 want it of every sink, by a class that 2.x hasn't; only the default of its successor calls it,
# and ours has the successor.
SUPERSEDED = ("createWriter", "(Lorg/apache/flink/api/connector/sink2/Sink$InitContext;)"
                              "Lorg/apache/flink/api/connector/sink2/SinkWriter;")
ABSTRACT, STATIC = 0x0400, 0x0008


class ClassFile:
    """What a class is, has and refers to. Names are internal ones: `java/lang/Object`."""

    def __init__(self, content: bytes):
        self._content, self._at = content, 8
        self._pool = pool = self._read_pool()
        self.flags, this, parent = self._take(">HHH")
        self.name, self.parent = self._class(this), self._class(parent) if parent else None
        self.interfaces = [self._class(self._take(">H")[0]) for _ in range(self._take(">H")[0])]
        self.fields, self.methods = self._read_members(), self._read_members()  # (name, descriptor) -> flags
        self.classes = {self._class(index) for index, entry in pool.items() if entry[0] == 7}
        self.references = {(self._class(entry[1]), *self._name_and_type(entry[2])) for entry in pool.values()
                           if entry[0] in (9, 10, 11)}
        for _, descriptor in [*self.fields, *self.methods]:
            self.classes.update(re.findall(r"L([^;]+);", descriptor))
        # An array is of the class of its elements.
        self.classes = {re.sub(r"^\[+(?:L(.*);|.)$", r"\1", name) for name in self.classes} - {""}

    def _take(self, form: str) -> tuple:
        values = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return values

    def _read_pool(self) -> dict:
        forms = {3: ">i", 4: ">f", 5: ">q", 6: ">d", 15: ">BH", **dict.fromkeys((7, 8, 16, 19, 20), ">H"),
                 **dict.fromkeys((9, 10, 11, 12, 17, 18), ">HH")}
        pool, index = {}, 1
        (count,) = self._take(">H")
        while index < count:
            (tag,) = self._take(">B")
            if tag == 1:
                (length,) = self._take(">H")
                pool[index] = (tag, self._content[self._at:self._at + length].decode(errors="replace"))
                self._at += length
            else:
                pool[index] = (tag, *self._take(forms[tag]))
            index += 2 if tag in (5, 6) else 1
        return pool

    def _read_members(self) -> dict:
        members = {}
        for _ in range(self._take(">H")[0]):
            flags, name, descriptor, attributes = self._take(">HHHH")
            members[self._pool[name][1], self._pool[descriptor][1]] = flags
            for _ in range(attributes):
                _, length = self._take(">HI")
                self._at += length
        return members

    def _class(self, index: int) -> str:
        return self._pool[self._pool[index][1]][1]

    def _name_and_type(self, index: int) -> tuple:
        _, name, descriptor = self._pool[index]
        return self._pool[name][1], self._pool[descriptor][1]


class ClassPath:
    """Jars, of which the first that has a class gives it."""

    def __init__(self, jars):
        self._jars = [zipfile.ZipFile(jar) for jar in jars]
        self._where = {name: jar for jar in reversed(self._jars) for name in jar.namelist()}
        self.find = lru_cache(None)(self._find)

    def _find(self, name: str):
        """The class; None if there is none."""
        jar = self._where.get(name + ".class")
        return ClassFile(jar.read(name + ".class")) if jar else None

    def lineage(self, name: str) -> list:
        """A class and all above it, its parents first, as far as they aren't the JDK's."""
        found = self.find(name)
        if found is None:
            return []
        above = [found.parent] * (found.parent is not None) + found.interfaces
        return [found] + [each for parent in above for each in self.lineage(parent)]

    def has(self, name: str, member: tuple) -> bool:
        """Whether a class has a field or method, its own or inherited; True where the JDK may have it."""
        if member[0] == "<init>":
            return member in self.find(name).methods
        lineage = self.lineage(name)
        outside = {above for each in lineage for above in [each.parent, *each.interfaces] if above and is_jdk(above)}
        return any(member in each.methods or member in each.fields for each in lineage) \
            or outside - {"java/lang/Object", "java/io/Serializable"} \
            or member[0] in ("toString", "hashCode", "equals", "getClass")

    def not_implemented(self, name: str) -> set:
        """Methods that a class which isn't abstract must have, and hasn't."""
        lineage = self.lineage(name)
        if lineage[0].flags & ABSTRACT:
            return set()
        wanted = {member for each in lineage for member, flags in each.methods.items() if flags & ABSTRACT}
        return wanted - {SUPERSEDED} - {member for each in lineage for member, flags in each.methods.items()
                         if not flags & (ABSTRACT | STATIC)}


def is_jdk(name: str) -> bool:
    return name.startswith(("java/", "javax/"))


def source_set(name: str) -> str:
    """The source set of a class of ours."""
    (found,) = [which for which in SERVES if (ROOT / "java" / which / "src/main/java" / f"{name.split('$')[0]}.java").exists()]
    return found


def problems(class_path: ClassPath, name: str) -> list:
    """What keeps a class from being linked."""
    ours = class_path.find(name)
    missing = sorted(used for used in ours.classes if not is_jdk(used) and class_path.find(used) is None)
    found = [f"no class {used}" for used in missing]
    found += [f"no {owner}.{member} {descriptor}" for owner, member, descriptor in sorted(ours.references)
              if not is_jdk(owner) and not owner.startswith("[") and owner not in missing
              and not class_path.has(owner, (member, descriptor))]
    return found + [f"lacks {member} {descriptor}" for member, descriptor in sorted(class_path.not_implemented(name))]


def main() -> int:
    with zipfile.ZipFile(CONNECTOR_JAR) as jar:
        names = sorted(entry.removesuffix(".class") for entry in jar.namelist() if entry.endswith(".class"))
    wrong = 0
    for version in sys.argv[1:]:
        class_path = ClassPath([CONNECTOR_JAR, *sorted((flink_home(version) / "lib").glob("*.jar"))])
        checked = [name for name in names if name != EITHER and
                   minor(SERVES[source_set(name)][0]) <= minor(version) <= minor(SERVES[source_set(name)][1])]
        found = [f"{name}: {problem}" for name in checked for problem in problems(class_path, name)]
        print(f"Flink {LATEST.get(version, version)}: {len(checked)} classes, {len(found)} problems")
        print("".join(f"  {problem}\n" for problem in found), end="")
        wrong += len(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
