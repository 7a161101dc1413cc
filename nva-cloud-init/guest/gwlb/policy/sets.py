"""The part of a policy that nftables keeps: flow state, reading of packets, address sets.

It runs just before the rules in iptables and talks to them through the packet's mark: which
generation of rules judges it, whether it belongs to a flow that this policy has let start, whether
it is read as an answer, and in which address sets its flow's ends are. Replacing this chain is one
transaction for IPv4 and IPv6 together, and it is the moment in which a new policy takes over.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from gwlb.contract import Limit, Mark
from gwlb.errors import RefusedError
from gwlb.policy.bundle import FAMILY_BITS, AddressSet, Bundle

# First and last address, and the bits of all sets that they are in.
Class = tuple[int, int, int]

TABLE = "inet gwlb"
TEXT = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}
# A look-up by prefix length costs as much as so many steps of a search in sorted ranges.
LENGTH_STEPS = 3
# Blocks that a range may become on average.
MOST_BLOCKS = 2
# Which rules judge a packet, by its mark; Mark.TAKEN: none needs to. The flow's mark in conntrack
# is the generation that let it start, and Mark.TURNED.
SLOT_MARKS = {"A": Mark.SLOT_A, "B": Mark.SLOT_B}
TAG_MASK = Mark.TAKEN | Mark.SLOT_A | Mark.SLOT_B

# No policy judges the self-test: FORWARD passes it behind GWLB.
SKIPPED = f"meta mark and {Mark.SELF_TEST:#x} != 0 accept"
SYN = "tcp flags & (fin|syn|rst|ack) == syn"
NOT_SYN = "tcp flags & (fin|syn|rst|ack) != syn"
# A packet of a flow whose start nobody saw is an answer if it goes from a service's port to one
# that clients use; else it is the opener's.
FROM_SERVICE = f"tcp sport < 32768 tcp dport >= 32768 {NOT_SYN}"


def flip_script(bundle: Bundle, slot: str, generation: int, stale: list[str]) -> str:
    """Input for `nft -f`: the new chain and its sets; `stale` removes what the old one used."""
    maps: list[str] = []
    masks: set[int] = set()
    looks: list[str] = []
    for family in (4, 6):
        for side in ("source", "destination"):
            members = classes([s for s in bundle.sets if (s.family, s.side) == (family, side)])
            if members:
                name = f"{slot}_{side}{family}"
                blocks = blocks_by_length(members, FAMILY_BITS[family])
                if blocks is None:
                    looks += look_ups(name, family, side)
                    maps += range_lines(name, family, members, slot)
                else:
                    for length, found in blocks.items():
                        looks += look_ups(f"{name}_{length}", family, side, length)
                        maps += block_lines(f"{name}_{length}", family, found, slot)
                masks |= {mask for _, _, mask in members}
    if len(masks) > Limit.COMBINATIONS:
        raise RefusedError(f"address sets overlap in {len(masks)} ways of {Limit.COMBINATIONS}")
    lines = [
        f"add table {TABLE}",
        f"add chain {TABLE} forward {{ type filter hook forward priority -5; policy accept; }}",
        f"flush chain {TABLE} forward",
        *stale,
        f"add chain {TABLE} {slot}_sets",
    ]
    for mask in sorted(masks):
        chain = f"{TABLE} {slot}_{mask:x}"
        lines += [f"add chain {chain}", f"add rule {chain} meta mark set meta mark | {mask:#x}"]
    lines += maps
    lines += [f"add rule {TABLE} {slot}_sets {rule}" for rule in looks]
    lines += [
        f"add rule {TABLE} forward {rule}" for rule in forward_rules(bundle, slot, generation)
    ]
    return "\n".join([*lines, ""])


def forward_rules(bundle: Bundle, slot: str, generation: int) -> list[str]:
    """What the hook does with each packet."""
    tag = f'meta mark set {SLOT_MARKS[slot]:#x} comment "{slot} {generation} {bundle.hash}"'
    sets = f"{slot}_sets"
    if not bundle.stateful:
        # A look at the flow keeps defragmentation on: later fragments alone have no ports.
        return ["ct state invalid counter", SKIPPED, tag, f"jump {sets}"]
    started = f"ct mark and {Mark.GENERATION:#x} != 0"
    straight, turned = f"ct mark and {Mark.TURNED:#x} == 0", f"ct mark and {Mark.TURNED:#x} != 0"
    if bundle.end_forbidden_flows:
        taken = [f"ct mark {generation:#x}", f"ct mark {generation | Mark.TURNED:#x} {NOT_SYN}"]
        # Forget who let the flow start: if it is dropped now, errors about it have no flow either.
        forget = [f"ct mark != 0 ct state != related ct mark set ct mark and {Mark.TURNED:#x}"]
    else:
        taken = [f"{started} {straight}", f"{started} {turned} {NOT_SYN}"]
        forget = []
    add = "meta mark set meta mark |"
    return [
        # A flow that was judged by its answers alone must not lend its verdict to a new one with
        # the same ends: its SYN is judged, hence the two lines.
        *(
            f"{flow} meta mark set {Mark.PASSED | Mark.TAKEN | generation:#x} accept"
            for flow in taken
        ),
        # What most flows begin with, and none of the rules below would do anything about.
        f"ct mark 0 ct state new {SYN} meta mark set {SLOT_MARKS[slot]:#x} goto {sets}",
        # An error message about a running flow passes until the flow's own packets are judged.
        f"ct state related {started} meta mark set {Mark.PASSED | Mark.TAKEN:#x} accept",
        SKIPPED,
        tag,
        f"{started} {add} {Mark.RUNNING:#x}",
        *forget,
        f"{SYN} ct direction reply {add} {Mark.TURNED:#x}",
        f"{SYN} goto {sets}",
        f"ct state related goto {sets}",
        f"ct direction original {turned} {add} {Mark.ANSWER | Mark.TURNED:#x} goto {sets}",
        f"ct direction reply {straight} {add} {Mark.ANSWER:#x} goto {sets}",
        f"ct direction reply {turned} {add} {Mark.TURNED:#x} goto {sets}",
        f"ct state new meta mark and {Mark.RUNNING:#x} == 0 {FROM_SERVICE} "
        f"{add} {Mark.ANSWER | Mark.TURNED:#x}",
        f"ct state invalid {FROM_SERVICE} {add} {Mark.ANSWER:#x}",
        f"jump {sets}",
    ]


def look_ups(name: str, family: int, side: str, length: int | None = None) -> list[str]:
    """Rules that look the flow's end up; in an answer it is the packet's other address."""
    near, far = ("saddr", "daddr") if side == "source" else ("daddr", "saddr")
    field = "ip" if family == 4 else "ip6"
    bits = FAMILY_BITS[family]
    whole = length is None or length == bits
    part = "" if whole else f" & {TEXT[family]((1 << bits) - (1 << bits - (length or 0)))}"
    answer = f"meta mark and {Mark.ANSWER:#x}"
    return [
        f"{answer} == 0 {field} {near}{part} vmap @{name}",
        f"{answer} != 0 {field} {far}{part} vmap @{name}",
    ]


def range_lines(name: str, family: int, members: list[Class], slot: str) -> list[str]:
    """The map from addresses to the chain that sets the bits of the sets that they are in."""
    text = TEXT[family]
    entries = ", ".join(
        f"{text(first)}-{text(last)} : jump {slot}_{mask:x}"
        if first != last
        else f"{text(first)} : jump {slot}_{mask:x}"
        for first, last, mask in members
    )
    kind = f"ipv{family}_addr"
    return [
        f"add map {TABLE} {name} {{ type {kind} : verdict; flags interval; }}",
        f"add element {TABLE} {name} {{ {entries} }}",
    ]


def block_lines(name: str, family: int, blocks: list[tuple[int, int]], slot: str) -> list[str]:
    """The same for the first addresses of blocks of one length: a look-up of one step."""
    text = TEXT[family]
    entries = ", ".join(f"{text(first)} : jump {slot}_{mask:x}" for first, mask in blocks)
    kind = f"ipv{family}_addr"
    return [
        f"add map {TABLE} {name} {{ type {kind} : verdict; size {len(blocks)}; }}",
        f"add element {TABLE} {name} {{ {entries} }}",
    ]


def blocks_by_length(members: list[Class], bits: int) -> dict[int, list[tuple[int, int]]] | None:
    """The same addresses as blocks, each with its first address and bits, by prefix length.

    None where looking up each length would cost more than one search in all ranges, or where the
    blocks are many more than the ranges: they take the kernel longer to load. Where a few
    neighbours have become a larger block, its parts are kept instead.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    room = MOST_BLOCKS * len(members)
    for first, last, mask in members:
        for block, length in aligned(first, last, bits):
            found.setdefault(length, []).append((block, mask))
            room -= 1
        if room < 0:
            return None
    spare = len(members) // 8
    lengths = sorted(found)
    for short, long in zip(lengths, lengths[1:]):
        more = len(found[short]) << long - short
        if more <= spare:
            step = 1 << bits - long
            spare -= more
            found[long] += [
                (block + part * step, mask)
                for block, mask in found.pop(short)
                for part in range(1 << long - short)
            ]
    steps = (2 * len(members)).bit_length()
    return found if LENGTH_STEPS * len(found) < steps else None


def aligned(first: int, last: int, bits: int) -> Iterator[tuple[int, int]]:
    """The largest blocks that make up a range: first address and prefix length of each."""
    while first <= last:
        size = min(first & -first or 1 << bits, 1 << (last - first + 1).bit_length() - 1)
        yield first, bits - size.bit_length() + 1
        first += size


def classes(sets: list[AddressSet]) -> list[Class]:
    """Disjoint ranges, each with the bits of all sets that it is in.

    One look-up then tells all of an address's sets, however many there are.
    """
    edges: list[tuple[int, int]] = []
    for entry in sets:
        for first, last in entry.ranges:
            edges += [(first, 1 << entry.bit), (last + 1, 1 << entry.bit)]
    edges.sort()
    found: list[Class] = []
    mask = start = 0
    for at, bit in edges:
        if at > start and mask:
            found.append((start, at - 1, mask))
        mask, start = mask ^ bit, at
    return found
