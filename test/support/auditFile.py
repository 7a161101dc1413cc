"""Writes 300 records into a file of 4 KB with 2 older ones; prints the names and sizes left."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])
records: Any = importlib.import_module("gwlb.audit.records")

file = records.RecordFile(Path(sys.argv[2]) / "log" / "audit.jsonl", 4096, 2)
for number in range(300):
    file.write([{"number": number, "filler": "x" * 60}])
for path in sorted((Path(sys.argv[2]) / "log").iterdir()):
    print(path.name, path.stat().st_size)
