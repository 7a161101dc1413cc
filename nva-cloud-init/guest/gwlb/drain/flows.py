"""The flows that would be cut if this NVA went now, counted in the kernel's connection table."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from gwlb.flows import conntrack as table
from gwlb.netlink import attributes
from gwlb.system import ip_json, sysctl

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
    for _, entry in table.dump():
        verdict = judge(entry, limits, own)
        living += verdict is True
        idle += verdict is False
    return Count(living, idle)


def judge(entry: bytes, limits: dict[str, int], own: set[bytes]) -> bool | None:
    """True for a flow that lives, False for an idle one, None for what is none of ours or ended."""
    parts = attributes(entry)
    ends = attributes(parts.get(table.TUPLE_ORIG, b""))
    protocol = attributes(ends.get(table.TUPLE_PROTO, b"")).get(table.PROTO_NUMBER, b"")
    if protocol[:1] != bytes([table.TCP]):
        return None
    # Padding is no part of an address: IPv4's and IPv6's are whole words.
    if own & set(attributes(ends.get(table.TUPLE_IP, b"")).values()):
        return None
    tcp = attributes(attributes(parts.get(table.PROTOINFO, b"")).get(table.TCP_INFO, b""))
    state = tcp.get(table.TCP_STATE, b"")[:1]
    name, most = STATES.get(int.from_bytes(state, "big"), ("", 0))
    if not name or table.TIMEOUT not in parts:
        return None
    left = int.from_bytes(parts[table.TIMEOUT][:4], "big")
    return limits[name] - left < most


def _limits() -> dict[str, int]:
    names = {name for name, _ in STATES.values()}
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
