"""The flows that would be cut if this NVA went now, counted in the kernel's connection table.

By netlink, with the standard library alone: not every kernel shows the table in /proc. Constants:
linux/netfilter/nfnetlink_conntrack.h and nf_conntrack_tcp.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gwlb_audit_netlink import attributes
from gwlb_system import NETFILTER, Failed, ip_json, sysctl

GET = (1 << 8) | 1  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET
DUMP = 0x1 | 0x300  # NLM_F_REQUEST, NLM_F_ROOT | NLM_F_MATCH
ERROR, DONE = 2, 3
TUPLE_ORIG, PROTOINFO, TIMEOUT = 1, 4, 7
TUPLE_IP, TUPLE_PROTO = 1, 2
PROTO_NUMBER = 1
TCP_INFO, TCP_STATE = 1, 1
TCP = 6
RECEIVE_BYTES = 1 << 20
# By state: the kernel's name for its timeout, and the seconds without a packet after which a flow
# does not count any more. States that are not here are those of flows that have ended. Four minutes
# is the least idle timeout of a load balancer: it may have forgotten the flow by then. Who was not
# answered within seconds was dropped behind this NVA; who has closed one direction closes the other
# soon or never.
STATES = {
    1: ("syn_sent", 5),
    # Half open, or silent since its handshake: what completes that is not always seen here.
    2: ("syn_recv", 240),
    3: ("established", 240),
    4: ("fin_wait", 30),
    5: ("close_wait", 30),
    9: ("syn_sent", 5),
}
# The kernel gives an established flow with data under way this timeout instead of its state's.
UNACKNOWLEDGED = "unacknowledged"


@dataclass(frozen=True)
class Count:
    """TCP flows through the bridge: those that live, and those that have been idle too long.

    UDP and the rest are not counted: the load balancer moves them to another NVA by itself.
    """

    living: int
    idle: int


def count() -> Count:
    """Counts now; raises Failed if the kernel does not show its table."""
    limits, own = _limits(), _own_addresses()
    living = idle = 0
    if not limits:
        # The kernel follows no connections: none crosses the bridge.
        return Count(0, 0)
    for entry in _entries():
        verdict = judge(entry, limits, own)
        living += verdict is True
        idle += verdict is False
    return Count(living, idle)


def judge(entry: bytes, limits: dict[str, int], own: set[bytes]) -> bool | None:
    """True for a flow that lives, False for an idle one, None for what is none of ours or ended."""
    parts = attributes(entry)
    ends = attributes(parts.get(TUPLE_ORIG, b""))
    if attributes(ends.get(TUPLE_PROTO, b"")).get(PROTO_NUMBER, b"")[:1] != bytes([TCP]):
        return None
    # Padding is no part of an address: IPv4's and IPv6's are whole words.
    if own & set(attributes(ends.get(TUPLE_IP, b"")).values()):
        return None
    state = attributes(attributes(parts.get(PROTOINFO, b"")).get(TCP_INFO, b"")).get(TCP_STATE)
    name, most = STATES.get(state[0] if state else 0, ("", 0))
    if not name or TIMEOUT not in parts:
        return None
    left = struct.unpack(">I", parts[TIMEOUT][:4])[0]
    whole = limits[name]
    if name == "established" and left <= limits[UNACKNOWLEDGED]:
        whole = min(whole, limits[UNACKNOWLEDGED])
    return whole - left < most


def _limits() -> dict[str, int]:
    names = {name for name, _ in STATES.values()} | {UNACKNOWLEDGED}
    found = {name: sysctl(f"net/netfilter/nf_conntrack_tcp_timeout_{name}") for name in names}
    return {name: int(value) for name, value in found.items() if value is not None}


def _own_addresses() -> set[bytes]:
    """This machine's own: connections to and from them do not cross the bridge."""
    families = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
    return {
        socket.inet_pton(families[info["family"]], info["local"])
        for entry in ip_json("address", "show")
        for info in entry.get("addr_info", [])
        if info.get("family") in families and "local" in info
    }


def _entries() -> Iterator[bytes]:
    """The attributes of each entry of the table, of both families."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER) as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            link.settimeout(10)
            link.send(struct.pack("=IHHIIBBH", 20, GET, DUMP, 1, 0, 0, 0, 0))
            while True:
                data = link.recv(RECEIVE_BYTES)
                at = 0
                while at + 16 <= len(data):
                    length, kind = struct.unpack_from("=IH", data, at)
                    if kind == DONE:
                        return
                    if kind == ERROR:
                        raise Failed(f"connection table: error {_error(data, at)}")
                    yield data[at + 20 : at + length]
                    at += max(16, length + -length % 4)
    except OSError as error:
        raise Failed(f"connection table: {error}") from error


def _error(data: bytes, at: int) -> int:
    return -int(struct.unpack_from("=i", data, at + 16)[0])
