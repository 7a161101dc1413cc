"""The kernel's rules: their number, listings that are right, and who changes the policy's."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Iterator
from typing import TypeVar

from gwlb import netlink
from gwlb.errors import Failed, TooSlow
from gwlb.policy.sets import TABLE

# linux/netfilter/nf_tables.h, linux/netfilter.h.
NFT = 10 << 8
GET_GENERATION, NEW_GENERATION, CHAINS = NFT | 16, NFT | 15, (NFT | 3, NFT | 5)
INET, IPV4, IPV6 = 1, 2, 10
RULES_GROUP = 1 << 6  # NFNLGRP_NFTABLES
IPTABLES = {4: "iptables", 6: "ip6tables"}
# Listings, at most, until one is known to be right.
LISTINGS = 3
RECEIVE_BYTES = 8 << 20
RECEIVE_BUFFER = 33  # SO_RCVBUFFORCE: past the limit for other programs

Answer = TypeVar("Answer")


def ruleset_number() -> int:
    """The number that the kernel raises with every change of any rule in this network namespace."""
    with netlink.opened(netlink.NETFILTER) as link:
        link.settimeout(5)
        link.send(netlink.message(GET_GENERATION, netlink.REQUEST, netlink.about()))
        return struct.unpack_from(">I", link.recv(4096), 24)[0]


def steady(show: Callable[[], Answer], expected: Answer | None = None) -> Answer:
    """The listing of a tool, asked again if it is not as expected and rules changed meanwhile.

    The tools can list wrongly while any rule changes, and say that all went well.
    """
    for _ in range(LISTINGS - 1):
        number = ruleset_number()
        try:
            answer = show()
        except TooSlow:
            raise
        except Failed:
            if ruleset_number() == number:
                raise
            continue
        if answer == expected or ruleset_number() == number:
            return answer
    return show()


def policy_changes() -> Iterator[int]:
    """The number of each change to the policy's rules or sets, whoever makes it; never ends."""
    link = netlink.opened(netlink.NETFILTER)
    link.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER, RECEIVE_BYTES)
    link.bind((0, RULES_GROUP))
    touched = False
    while True:
        try:
            data = link.recv(1 << 18)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            # The lost notification may have been about rules.
            yield ruleset_number()
            continue
        for kind, body in netlink.messages(data):
            if kind == NEW_GENERATION:
                if touched:
                    yield struct.unpack(">I", netlink.attributes(body[4:])[1])[0]
                touched = False
            elif not touched:
                touched = _is_policy(kind, body[0], netlink.attributes(body[4:]))


def _is_policy(kind: int, family: int, what: dict[int, bytes]) -> bool:
    table = what.get(1, b"").rstrip(b"\0").decode()
    if family == INET:
        return table == TABLE.split()[1]
    chain = what.get(3 if kind in CHAINS else 2, b"GWLB")
    return family in (IPV4, IPV6) and table == "filter" and chain.startswith(b"GWLB")
