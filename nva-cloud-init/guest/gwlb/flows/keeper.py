"""gwlb-flows: keeps room for new flows in the kernel's connection table, and what it goes by."""

from __future__ import annotations

import time
from typing import NoReturn

from gwlb.errors import Failed
from gwlb.flows import room, tuning
from gwlb.process import say

TICK_SECONDS = 0.25
# A large table takes a while to read: that is done for this part of the time at most.
BUSY_PART = 0.5
# Seconds between two lines about the same thing.
QUIET_SECONDS = 60


def look() -> list[str]:
    """Looks once and mends; returns what is worth a line."""
    found = tuning.problems()
    if found:
        found += tuning.mend()
    try:
        evicted = room.make()
    except (Failed, OSError, KeyError) as error:
        return [*found, f"no room is made: {error}"]
    return [*found, f"{evicted} silent flows made room for new ones"] if evicted else found


def main(_: list[str]) -> NoReturn:
    quiet_until = 0.0
    while True:
        begun = time.monotonic()
        lines = look()
        if lines and begun >= quiet_until:
            say("; ".join(lines))
            quiet_until = begun + QUIET_SECONDS
        took = time.monotonic() - begun
        time.sleep(max(TICK_SECONDS, took / BUSY_PART) - took)
