"""Prints `passed failed skipped` over the JUnit reports below a folder."""

import sys
import xml.etree.ElementTree as tree
from pathlib import Path

tests = failed = skipped = 0
for report in Path(sys.argv[1]).rglob("TEST-*.xml"):
    suite = tree.parse(report).getroot()
    tests += int(suite.get("tests"))
    failed += int(suite.get("failures")) + int(suite.get("errors"))
    skipped += int(suite.get("skipped"))
print(tests - failed - skipped, failed, skipped)
