"""The kernel's connection table by netlink: not every kernel shows it in /proc.

Constants: linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_common.h and nf_conntrack_tcp.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Generator, Iterable
from contextlib import suppress
from itertools import islice

from gwlb import netlink
from gwlb.errors import Failed
from gwlb.netlink import DONE, ERROR, NETFILTER, attribute, attributes
from gwlb.system import sysctl

GET, DELETE, STATISTICS = 0x101, 0x102, 0x104  # NFNL_SUBSYS_CTNETLINK
TUPLE_ORIG, STATUS, PROTOINFO, TIMEOUT = 1, 3, 4, 7
TUPLE_IP, TUPLE_PROTO = 1, 2
PROTO_NUMBER = 1
TCP_INFO, TCP_STATE = 1, 1
TCP, UDP = 6, 17
COUNTED = {9: "insert_failed", 10: "drop", 11: "early_drop"}
RECEIVE_BYTES = 1 << 20
# Entries that are deleted by one call.
BATCH = 256


def size() -> tuple[int, int]:
    """Entries, and how many there may be; 0 and 0 where the kernel follows no connections."""
    entries, limit = (sysctl(f"net/netfilter/nf_conntrack_{name}") for name in ("count", "max"))
    return int(entries or 0), int(limit or 0)


def statistics() -> dict[str, int]:
    """What became of new entries since the machine started."""
    totals = dict.fromkeys(COUNTED.values(), 0)
    for _, processor in dump(STATISTICS):
        for kind, value in attributes(processor).items():
            if kind in COUNTED:
                totals[COUNTED[kind]] += int.from_bytes(value, "big")
    return totals


def dump(what: int = GET) -> Generator[tuple[int, bytes], None, None]:
    """Family and attributes of each entry; raises Failed if the kernel does not show them."""
    try:
        with netlink.opened(NETFILTER) as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            link.settimeout(10)
            link.send(netlink.message(what, netlink.REQUEST | netlink.DUMP, netlink.about()))
            while True:
                data = link.recv(RECEIVE_BYTES)
                at = 0
                # Not by messages(): a table is large.
                while at + 16 <= len(data):
                    length, kind = struct.unpack_from("=IH", data, at)
                    if kind == DONE:
                        return
                    if kind == ERROR:
                        code = -struct.unpack_from("=i", data, at + 16)[0]
                        raise Failed(f"connection table: error {code}")
                    yield data[at + 16], data[at + 20 : at + length]
                    at += max(16, length + -length % 4)
    except OSError as error:
        raise Failed(f"connection table: {error}") from error


def delete(flows: Iterable[tuple[int, bytes]]) -> int:
    """Deletes entries by family and CTA_TUPLE_ORIG, gone ones too; returns how many."""
    flows, count = iter(flows), 0
    with netlink.opened(NETFILTER) as link:
        while requests := [_deletion(*flow) for flow in islice(flows, BATCH)]:
            link.send(b"".join(requests))
            count += len(requests)
            with suppress(OSError):
                while link.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT):
                    pass
    return count


def _deletion(family: int, ends: bytes) -> bytes:
    body = netlink.about(family) + attribute(netlink.NESTED | TUPLE_ORIG, ends)
    return netlink.message(DELETE, netlink.REQUEST, body)
