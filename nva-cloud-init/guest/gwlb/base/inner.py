"""Before conntrack sees an inner packet: none is filed under another flow than the rules judge.

Conntrack looks through IPv6's authentication header (AH), the rules do not: as "any other protocol"
it could take a forbidden TCP flow. So AH is not tracked, nor an error message about it, or about a
packet whose headers cannot be read here.

Dropped is what nobody can tell: a fragment inside a fragment, headers that end too early, and TCP
with flags that no stack sends together (RFC 9293), which the policy would read as an answer.
"""

from __future__ import annotations

from gwlb.settings import BRIDGE, GROUPS

# Hop-by-hop, routing, AH, destination options; and fragment.
CHAINED = "0, 43, 51, 60"
FRAGMENT = 44
FLAGS = "syn, syn | urg, syn | ack, rst, rst | ack, ack, ack | urg, fin | ack, fin | ack | urg"

# Chains of an `inet` table: after defragmentation (-400), before conntrack (-200).
CHAINS = f"""  chain inner {{
    type filter hook prerouting priority -250; policy accept;
    iifgroup != {GROUPS[BRIDGE]} accept
    ip6 nexthdr != {{ tcp, udp }} jump chained
    ip frag-off & 0x3fff != 0 counter drop
    meta l4proto != tcp accept
    tcp flags & (fin | syn | rst | ack | urg) == {{ {FLAGS} }} accept
    counter drop comment "malformed"
  }}
  chain chained {{
    frag frag-off != 0 counter drop
    frag more-fragments 1 counter drop
    frag nexthdr {{ {CHAINED}, {FRAGMENT} }} counter drop
    meta l4proto ah notrack
    icmpv6 type < 128 @th,112,8 {{ {CHAINED} }} notrack
    icmpv6 type < 128 @th,112,8 {FRAGMENT} @th,384,8 {{ {CHAINED}, {FRAGMENT} }} notrack
    meta l4proto 0-255 return
    counter drop
  }}
"""
