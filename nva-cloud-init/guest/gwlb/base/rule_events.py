"""Which rules a program changes, from the kernel's own notifications."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator

from gwlb.netlink import attributes
from gwlb.policy.sets import TABLE
from gwlb.system import NETFILTER, RULES_GROUP, ruleset_number

# linux/netfilter/nf_tables.h, linux/netfilter.h.
NEW_GENERATION, CHAINS = 10 << 8 | 15, (10 << 8 | 3, 10 << 8 | 5)
INET, IPV4, IPV6 = 1, 2, 10
RECEIVE_BYTES = 8 << 20
RECEIVE_BUFFER = 33  # SO_RCVBUFFORCE: past the limit for other programs


def policy_changes() -> Iterator[int]:
    """The number of each change to the policy's rules or sets, whoever makes it; never ends."""
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    link.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER, RECEIVE_BYTES)
    link.bind((0, RULES_GROUP))
    touched = False
    while True:
        try:
            data = link.recv(1 << 18)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            # What was lost may have been one.
            yield ruleset_number()
            continue
        at = 0
        while at + 20 <= len(data):
            length, kind = struct.unpack_from("=IH", data, at)
            if kind == NEW_GENERATION:
                if touched:
                    yield struct.unpack(">I", attributes(data[at + 20 : at + length])[1])[0]
                touched = False
            elif not touched:
                touched = _is_policy(kind, data[at + 16], attributes(data[at + 20 : at + length]))
            at += max(length + -length % 4, 16)


def _is_policy(kind: int, family: int, what: dict[int, bytes]) -> bool:
    table = what.get(1, b"").rstrip(b"\0").decode()
    if family == INET:
        return table == TABLE.split()[1]
    chain = what.get(3 if kind in CHAINS else 2, b"GWLB")
    return family in (IPV4, IPV6) and table == "filter" and chain.startswith(b"GWLB")
