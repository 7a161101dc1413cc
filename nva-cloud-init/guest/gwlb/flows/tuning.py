"""Settings of the kernel that decide how many flows it follows, how long, and what of fragments.

Set before the tunnels open; gwlb-flows sets again what somebody changes, which cuts no flow.
"""

from __future__ import annotations

import os

from gwlb.errors import Failed
from gwlb.system import SYSCTLS, set_sysctl, sysctl

CONNTRACK = "net/netfilter/nf_conntrack_"
# Seconds: no load balancer of Azure's remembers a silent TCP flow for more than 100 minutes, so
# that none that comes here again was forgotten; UDP it remembers for four minutes.
TCP_IDLE, UDP_IDLE = "6060", "240"
# Flows that the table takes, if an eighth of the memory holds them by this many bytes: more than
# a NIC of Azure's may have, 500,000 either way.
MOST_FLOWS, FLOW_BYTES, MEMORY_PART = 1 << 20, 512, 8
FIXED = {
    # ARP and frames inside VLAN or PPPoE headers are dropped by their type.
    "net/bridge/bridge-nf-call-arptables": "0",
    "net/bridge/bridge-nf-filter-vlan-tagged": "0",
    "net/bridge/bridge-nf-filter-pppoe-tagged": "0",
    # After a failover this NVA sees flows from their middle, and windows it never saw agreed on.
    f"{CONNTRACK}tcp_loose": "1",
    f"{CONNTRACK}tcp_be_liberal": "1",
    f"{CONNTRACK}tcp_timeout_established": TCP_IDLE,
    # Most packets of a running flow take the fast path: those that conntrack misses make it take
    # others for repetitions or for never acknowledged.
    f"{CONNTRACK}tcp_timeout_max_retrans": TCP_IDLE,
    f"{CONNTRACK}tcp_timeout_unacknowledged": TCP_IDLE,
    # The packet that completes a handshake may take the fast path: a flow that says nothing after
    # it stays in this state, and is remembered for a load balancer's usual idle time.
    f"{CONNTRACK}tcp_timeout_syn_recv": "240",
    # Of a flow that has ended, packets come late by seconds.
    f"{CONNTRACK}tcp_timeout_time_wait": "30",
    f"{CONNTRACK}udp_timeout_stream": UDP_IDLE,
    # Seconds from a packet's first fragment to its last: longer ones take memory from others.
    "net/ipv4/ipfrag_time": "3",
    f"{CONNTRACK}frag6_timeout": "3",
}
# Bytes that fragments may take until their packets are whole; bridged ones are put together by
# these two, of which the kernel's own size holds a few thousand.
FRAGMENTS = ("net/ipv4/ipfrag_high_thresh", f"{CONNTRACK}frag6_high_thresh")
MOST_FRAGMENT_BYTES, FRAGMENT_PART = 256 << 20, 32


def memory() -> int:
    """Bytes that this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def mend() -> list[str]:
    """Sets all that this kernel has and that is not as wanted; returns what it did not take."""
    complaints: list[str] = []
    for name, value in wanted().items():
        try:
            set_sysctl(name, value)
        except Failed as error:
            complaints.append(str(error))
    return complaints


def problems() -> list[str]:
    """What is not as wanted."""
    return [
        f"{name.replace('/', '.')} is {sysctl(name)}, not {value}"
        for name, value in wanted().items()
        if sysctl(name) != value
    ]


def wanted() -> dict[str, str]:
    """What this kernel has of the settings, in the order in which they are to be set."""
    fragments = str(min(MOST_FRAGMENT_BYTES, memory() // FRAGMENT_PART))
    values = {**FIXED, **dict.fromkeys(FRAGMENTS, fragments)}
    found = {name: value for name, value in values.items() if sysctl(name) is not None}
    # The kernel makes whole pages of buckets, each of 64 KiB at most.
    flows = min(MOST_FLOWS, memory() // MEMORY_PART // FLOW_BYTES) & ~8191
    for name in (f"{CONNTRACK}buckets", f"{CONNTRACK}max"):
        now = sysctl(name)
        # A namespace of the network other than the machine's first has no say in these.
        if now is not None and os.access(SYSCTLS / name, os.W_OK):
            found[name] = str(max(int(now), flows))
    return found
