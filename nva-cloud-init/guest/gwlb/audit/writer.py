"""gwlb-audit: writes a JSON line for each decision that a rule logs.

Reads the kernel's records, which it limits to some per rule and second, and writes them to
/var/log/azure-gwlb/audit.jsonl, at most 5 files of 8 MB, and to syslog (facility
local3). Each ten seconds it adds a line per rule whose packets were not all written:
{"action": "suppressed", "count": …}. Totals are in /run/azure-gwlb/audit.json.

Needs root. For tests: ROOT goes before every path, GWLB_AUDIT_SECONDS is the interval.
"""

from __future__ import annotations

import math
import os
import time
from typing import NoReturn

from gwlb import state
from gwlb.audit.records import Record, RecordFile, Syslog, record_of
from gwlb.contract import Nflog
from gwlb.errors import Failed
from gwlb.netlink import listen, packets
from gwlb.policy import kernel
from gwlb.process import say

FILE_BYTES, OLDER_FILES = 8 << 20, 4
INTERVAL_SECONDS = float(os.environ.get("GWLB_AUDIT_SECONDS", "10"))
# Far longer than the kernel holds records back to gather them, and this program may wait its turn.
ON_THEIR_WAY_SECONDS = INTERVAL_SECONDS / 2
# Over all rules: what a disk and a log collector can take without end.
MOST_PER_SECOND = 500


class Audit:
    """Counts and writes."""

    def __init__(self) -> None:
        """Goes on from the totals of an earlier run on this boot."""
        self.file = RecordFile(state.RECORDS, FILE_BYTES, OLDER_FILES)
        self.syslog = Syslog(str(state.ROOT / "dev/log"))
        saved = state.read_json(state.AUDIT)
        # By rule: written and suppressed, which together never exceed what was due.
        self.rules: dict[str, dict[str, int]] = saved.get("rules", {})
        self.written = int(saved.get("written", 0))
        self.suppressed = int(saved.get("suppressed", 0))
        self.second, self.room = 0, MOST_PER_SECOND
        self.full = False
        self.due: dict[str, int] = {}

    def take(self, batch: list[Record]) -> None:
        """Writes what the overall limit leaves of a batch."""
        if (second := int(time.monotonic())) != self.second:
            self.second, self.room = second, MOST_PER_SECOND
        kept = batch[: self.room]
        self.room -= len(kept)
        if not kept or not self.store(kept):
            return
        for record in kept:
            entry = self.rules.setdefault(record["rule"], {"written": 0})
            entry["written"] += 1
        self.written += len(kept)

    def store(self, records: list[Record]) -> bool:
        """Puts records where they go; false, said once, if the disk takes none."""
        try:
            self.file.write(records)
        except OSError as error:
            if not self.full:
                say(f"records are not written: {error}")
            self.full = True
            return False
        self.full = False
        for record in records:
            self.syslog.write(record)
        return True

    def count(self) -> None:
        """Reads how many records are due so far; some of them may still be on their way."""
        with state.alone():
            self.due = {rule: int(count) for rule, count in state.read_json(state.LOGGED).items()}
            if current := kernel.in_force():
                counted = kernel.counters(current.slot)
                for rule, count in kernel.logged_counts(counted, current.slot).items():
                    self.due[rule] = self.due.get(rule, 0) + count

    def account(self, policy: str) -> None:
        """Compares what was due with what was written, and records the difference.

        What was due is older than what was written: the difference is never too large, and what it
        lacks is in the next one.
        """
        lines = []
        for rule, due in sorted(self.due.items()):
            entry = self.rules.setdefault(rule, {"written": 0})
            more = due - entry["written"] - entry.get("suppressed", 0)
            if more > 0:
                entry["suppressed"] = entry.get("suppressed", 0) + more
                self.suppressed += more
                lines.append(suppressed(policy, rule, more))
        if lines:
            self.store(lines)
        state.write_json(
            state.AUDIT,
            {"written": self.written, "suppressed": self.suppressed, "rules": self.rules},
        )


def suppressed(policy: str, rule: str, count: int) -> Record:
    """The record of packets that have none of their own."""
    head = {"time": state.now(), "policy": policy, "rule": rule}
    return {**head, "action": "suppressed", "count": count}


def main(_: list[str]) -> NoReturn:
    """Writes for ever."""
    audit = Audit()
    link = listen(Nflog.RECORDS_GROUP, Nflog.RECORD_BYTES)
    link.settimeout(0.2)
    say(f"writing to {state.RECORDS}")
    status: state.Json = {}
    read_at, count_at, account_at = 0.0, 0.0, math.inf
    while True:
        batch = list(packets(link))
        now = time.monotonic()
        if now > read_at + 0.2:
            status, read_at = state.read_json(state.POLICY), now
        audit.take([record_of(packet, status.get("slots", {})) for packet in batch])
        try:
            if now > count_at:
                audit.count()
                count_at, account_at = now + INTERVAL_SECONDS, now + ON_THEIR_WAY_SECONDS
            if now > account_at:
                account_at = math.inf
                audit.account(status.get("hash") or "")
        except (OSError, Failed) as error:
            say(f"not accounted: {error}")
