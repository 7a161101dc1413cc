"""A logged packet as a record, and where records go: a bounded file, and syslog."""

from __future__ import annotations

import ipaddress
import json
import socket
import struct
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gwlb.contract import Verdict
from gwlb.netlink import MARK, PAYLOAD, PHYSINDEV, PREFIX, TIMESTAMP
from gwlb.policy.sets import SLOT_MARKS, TAG_MASK
from gwlb.settings import EXTERNAL, INTERNAL
from gwlb.state import now, written

Record = dict[str, Any]
TUNNELS = {EXTERNAL: "external", INTERNAL: "internal"}
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}
# IPv6 headers that stand before the transport's (RFC 8200); a fragment header has a fixed size.
IPV6_EXTENSIONS = {0, 43, 60, 135}
IPV6_FRAGMENT = 44
FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")
FACILITY = 19  # local3
SYSLOG_WARNING, SYSLOG_INFO = 4, 6


def record_of(packet: dict[int, bytes], policies: dict[str, str]) -> Record:
    """The record of one logged packet; `policies` tells the hash by the generation's letter."""
    prefix = packet.get(PREFIX, b"").rstrip(b"\0").decode("ascii", "replace")
    action, _, rule = prefix.partition(Verdict.SEPARATOR)
    mark = struct.unpack(">I", packet.get(MARK, bytes(4)))[0] & TAG_MASK
    slot = next((name for name, tag in SLOT_MARKS.items() if tag == mark), "")
    payload = packet.get(PAYLOAD, b"")
    return {
        "time": time_of(packet),
        "policy": policies.get(slot, ""),
        "rule": rule,
        "action": action,
        "tunnel": tunnel_of(packet),
        **fields_of(payload),
    }


def time_of(packet: dict[int, bytes]) -> str:
    """When the packet came; the kernel stamps those that a device received."""
    stamp = packet.get(TIMESTAMP)
    if stamp is None:
        return now()
    seconds, micro = struct.unpack(">QQ", stamp)
    return written(datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=micro))


def tunnel_of(packet: dict[int, bytes]) -> str:
    """By which tunnel the packet came."""
    try:
        name = socket.if_indextoname(struct.unpack(">I", packet.get(PHYSINDEV, bytes(4)))[0])
    except OSError:
        return "gone"
    return TUNNELS.get(name, name)


def fields_of(data: bytes) -> Record:
    """Addresses, protocol and what the transport says, as far as the copied bytes go."""
    try:
        if data[0] >> 4 == 4:
            length, number = struct.unpack_from(">H", data, 2)[0], data[9]
            ends = (ipaddress.IPv4Address(data[12:16]), ipaddress.IPv4Address(data[16:20]))
            rest = data[(data[0] & 15) * 4 :]
        else:
            length = 40 + struct.unpack_from(">H", data, 4)[0]
            ends = (ipaddress.IPv6Address(data[8:24]), ipaddress.IPv6Address(data[24:40]))
            number, rest = transport_of(data[6], data[40:])
    except (IndexError, struct.error, ValueError):
        return {"protocol": "unreadable", "length": len(data)}
    record: Record = {
        "source": str(ends[0]),
        "destination": str(ends[1]),
        "protocol": PROTOCOLS.get(number, str(number)),
        "length": length,
    }
    if number in (6, 17) and len(rest) >= 4:
        record["sourcePort"], record["destinationPort"] = struct.unpack_from(">HH", rest)
    if number == 6 and len(rest) >= 14:
        record["flags"] = [name for place, name in enumerate(FLAGS) if rest[13] >> place & 1]
    if number in (1, 58) and len(rest) >= 2:
        record["icmpType"] = f"{rest[0]}/{rest[1]}"
    return record


def transport_of(number: int, data: bytes) -> tuple[int, bytes]:
    """Number and bytes of the transport behind IPv6's extension headers."""
    while number in IPV6_EXTENSIONS or number == IPV6_FRAGMENT:
        size = 8 if number == IPV6_FRAGMENT else 8 + data[1] * 8
        number, data = data[0], data[size:]
    return number, data


class RecordFile:
    """Records as JSON lines, in a file and a few older ones; never more than their sizes."""

    def __init__(self, path: Path, file_bytes: int, older_files: int) -> None:
        """Opens nothing until there is something to write."""
        self.path, self.file_bytes, self.older_files = path, file_bytes, older_files

    def write(self, records: list[Record]) -> None:
        """Appends records; OSError if the disk takes none, and then none of them counts."""
        text = "".join(f"{json.dumps(record)}\n" for record in records).encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        size = self.path.stat().st_size if self.path.exists() else 0
        if size and size + len(text) > self.file_bytes:
            self.rotate()
            size = 0
        with self.path.open("ab", buffering=0) as file:
            if file.write(text) != len(text):
                file.truncate(size)
                raise OSError("no room for the whole record")

    def rotate(self) -> None:
        """Numbers the files anew; the oldest is overwritten."""
        for number in range(self.older_files - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number + 1}"))
        self.path.replace(self.path.with_name(f"{self.path.name}.1"))


class Syslog:
    """Records for the system's log, in a facility of their own that an agent can filter by."""

    def __init__(self, path: str) -> None:
        """Connects at the first record."""
        self.path = path
        self.link: socket.socket | None = None

    def write(self, record: Record) -> None:
        """Sends one record; a log that does not take it loses it, and holds nobody up."""
        severity = SYSLOG_WARNING if record["action"] != Verdict.ALLOW else SYSLOG_INFO
        head = f"<{FACILITY * 8 + severity}>{datetime.now().astimezone():%b %e %H:%M:%S} "
        text = f"{head}gwlb-audit: {json.dumps(record)}".encode()
        try:
            if self.link is None:
                link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                link.connect(self.path)
                self.link = link
            self.link.send(text)
        except OSError:
            if self.link is not None:
                self.link.close()
            self.link = None
