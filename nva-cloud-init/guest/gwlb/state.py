"""What the agent keeps: the last good bundle on disk, and what it last did, for health to read."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gwlb.foreign import parse_json

# For tests: ROOT goes before every path.
ROOT = os.environ.get("ROOT", "")
SETTINGS = Path(f"{ROOT}/etc/azure-gwlb/settings.json")
LAST_GOOD = Path(f"{ROOT}/var/lib/azure-gwlb/policy.last")
STATE = Path(f"{ROOT}/run/azure-gwlb/policy.json")
FINGERPRINT = Path(f"{ROOT}/run/azure-gwlb/policy.rules.json")
TOTALS = Path(f"{ROOT}/run/azure-gwlb/policy.totals.json")
LOGGED = Path(f"{ROOT}/run/azure-gwlb/policy.logged.json")
SELF_TEST = Path(f"{ROOT}/run/azure-gwlb/selftest.json")
AUDIT = Path(f"{ROOT}/run/azure-gwlb/audit.json")
# Longer than the largest policy takes on a small and busy machine.
LOAD_SECONDS = 30
# Names and counts of a thousand rules stay far below.
MOST_BYTES = 1 << 20
LOCK = Path(f"{ROOT}/run/azure-gwlb/policy.lock")


def now() -> str:
    """The time as state and records write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; an empty one if there is none or it is damaged."""
    try:
        value = parse_json(path.read_bytes(), MOST_BYTES)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes an object for other programs to read."""
    write_atomically(path, f"{json.dumps(value)}\n".encode())
