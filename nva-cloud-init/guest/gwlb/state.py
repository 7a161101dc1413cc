"""Where programs keep what they know: paths, and files that others read while they are written.

ROOT goes before every path that a program reads or writes; tests set it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gwlb.contract import SETTINGS_FILE
from gwlb.foreign import parse_json

Json = dict[str, Any]

ROOT = Path(os.environ.get("ROOT", "/"))
SETTINGS = ROOT / SETTINGS_FILE[1:]
# The last policy that has proven good: in force after a boot before anything is bridged.
LAST_GOOD = ROOT / "var/lib/azure-gwlb/policy.last"
RECORDS = ROOT / "var/log/azure-gwlb/audit.jsonl"
RUN = ROOT / "run/azure-gwlb"
# The policy in force, and what of the one in userData.
POLICY = RUN / "policy.json"
# How the kernel shows the policy in force, what earlier ones counted, and what they logged.
FINGERPRINT = RUN / "policy.rules.json"
TOTALS = RUN / "policy.totals.json"
LOGGED = RUN / "policy.logged.json"
LOCK = RUN / "policy.lock"
# How the kernel showed the base rules when they were loaded.
BASE = RUN / "base.json"
# The NIC and the MTU that the data path was made with.
DATAPATH = RUN / "datapath.json"
# There while this NVA drains, or is out of service.
DRAIN = RUN / "drain.json"
# The last look at a full connection table.
FLOWS = RUN / "flows.json"
# Counters of the fast path from before its programs were last made; programs and maps.
FASTPATH, BPF = RUN / "fastpath.json", RUN / "bpf"
SELF_TEST = RUN / "selftest.json"
AUDIT = RUN / "audit.json"
# There from the first good answer to the load balancer's probe on, until the machine starts anew.
IN_SERVICE = RUN / "in-service"
# Longer than the largest policy takes on a small and busy machine.
LOAD_SECONDS = 30
# Names and counts of a thousand rules stay far below.
MOST_BYTES = 1 << 20


def now() -> str:
    """The time as state and records write it."""
    return written(datetime.now(timezone.utc))


def written(at: datetime) -> str:
    """A time of UTC."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def alone() -> Iterator[None]:
    """Keeps other programs from loading rules meanwhile; freed even if this one is killed."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.utime(LOCK)
        yield


def being_loaded() -> bool:
    """True while a program loads rules; one that takes longer than ever needed does not count."""
    try:
        with LOCK.open() as file:
            if time.time() - LOCK.stat().st_mtime > LOAD_SECONDS:
                return False
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces a file so that a reader, or a crash, sees the old content or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_json(path: Path) -> Json:
    """The object in a file; an empty one if there is none or it is damaged."""
    try:
        value = parse_json(path.read_bytes(), MOST_BYTES)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: Json) -> None:
    """Writes an object for other programs to read."""
    write_atomically(path, f"{json.dumps(value)}\n".encode())
