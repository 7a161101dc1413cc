"""Before conntrack sees an inner packet: none is filed under another flow than the rules judge.

Conntrack looks through IPv6's authentication header (AH), the rules do not: to them it is the upper
protocol. Such a packet could take, in the name of "any other protocol", a TCP flow that is
forbidden. It is not tracked, nor is an error message about one: both are judged by themselves. What
an error is about can be read here only where it stands right behind the IPv6 header, or in a first
fragment; about anything else an error has no flow, either.

Dropped is what nobody can tell: a fragment that is still one after defragmentation (one inside
another), and a chain of headers that ends too early.
"""

from gwlb_settings import BRIDGE, GROUPS

# Hop-by-hop, routing, AH, destination options; and fragment.
CHAINED = "0, 43, 51, 60"
FRAGMENT = 44

# Chains of an `inet` table: after defragmentation (-400), before conntrack (-200).
CHAINS = f"""  chain inner {{
    type filter hook prerouting priority -250; policy accept;
    iifgroup {GROUPS[BRIDGE]} ip6 nexthdr != {{ tcp, udp }} goto chained
    iifgroup {GROUPS[BRIDGE]} ip frag-off & 0x3fff != 0 counter drop
  }}
  chain chained {{
    frag frag-off != 0 counter drop
    frag more-fragments 1 counter drop
    frag nexthdr {{ {CHAINED}, {FRAGMENT} }} counter drop
    meta l4proto ah notrack
    icmpv6 type < 128 @th,112,8 {{ {CHAINED} }} notrack
    icmpv6 type < 128 @th,112,8 {FRAGMENT} @th,384,8 {{ {CHAINED}, {FRAGMENT} }} notrack
    meta l4proto 0-255 accept
    counter drop
  }}
"""
