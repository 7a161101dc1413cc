"""The two programs of the express way (gwlb_express), put together for this NVA's tunnels."""

from __future__ import annotations

from dataclasses import dataclass

import gwlb_bpf as bpf
from gwlb_bpf import STACK, Program, as_loaded
from gwlb_express_packets import (
    ACK,
    AT,
    DEVICE,
    ETHERNET,
    FIN_RST,
    HEADER,
    KEY,
    KEY_BYTES,
    LENGTH,
    MARK,
    OUTER,
    PACKET,
    REST,
    SEGMENTS,
    SYN,
    TURNED,
    TYPE,
    VALUE,
    ZERO,
    outer,
    reach,
    room,
    turn_round,
    write_key,
)
from gwlb_settings import Settings

# Of the packet's mark: a taken flow's packet, and the generation that took it (gwlb_policy_sets).
TAKEN, GENERATION_BITS = 0x40000000, 0x00FFFFFF
LIFE_NANOSECONDS = 1_000_000_000
NEXT = -1  # TC_ACT_UNSPEC: not for this program to decide

# A ticket is worth something for so many nanoseconds at most, as a power of two.
TICKET_LIFE = 30
TICKETS = 1 << 16


@dataclass(frozen=True)
class Maps:
    """Descriptors of what both programs share."""

    # Entries of running flows, by IP version.
    tables: dict[int, int]
    # The generation in force.
    current: int
    # A ticket in each place, or 0.
    tickets: int
    # What makes tickets: nobody else can.
    secret: int


def learning(maps: Maps) -> Program:
    """At a tunnel's way out: notes both ways of a flow whose packet was passed as a taken one's."""
    p = Program()
    p.copy(PACKET, 1)
    p.load("w", REST, PACKET, MARK)
    # The last to read it. A tunnel looks its route up anew for each packet that has a mark.
    p.set(2, 0)
    p.store("w", PACKET, MARK, 2)
    p.copy(2, REST)
    p.keep(2, TAKEN)
    p.when(2, 0, "next")
    p.keep(REST, GENERATION_BITS)
    p.store("w", STACK, VALUE + 8, REST)
    p.store_number("w", STACK, VALUE + 12, 0)
    _same_generation(p, maps.current)
    reach(p, ETHERNET + HEADER[6] + 14)
    room(p, ETHERNET + HEADER[4] + 4)
    p.load("h", 3, AT, 12)
    p.when(3, as_loaded(TYPE[6]), "family 6")
    p.unless(3, as_loaded(TYPE[4]), "next")
    for family, table in maps.tables.items():
        p.label(f"family {family}")
        write_key(p, family, ETHERNET, both=True)
        p.when(5, 17, f"learn {family}")
        # What begins a flow is judged by itself; what ends it ends the express way, too.
        room(p, ETHERNET + HEADER[family] + 14)
        p.load("b", 3, AT, ETHERNET + HEADER[family] + 13)
        p.when_bits(3, FIN_RST, f"forget {family}")
        p.copy(2, 3)
        p.keep(2, SYN | ACK)
        p.when(2, SYN, "next")
        p.when(2, ACK, f"learn {family}")
        _ticket(p, maps, TURNED, KEY_BYTES[family])
        p.store("d", 0, 0, REST)
        p.jump("next")
        p.label(f"learn {family}")
        _note(p, table)
        p.label(f"forget {family}")
        for key in (KEY, TURNED):
            _arguments(p, table, key)
            p.call(bpf.DELETE)
        p.jump("next")
    p.label("next")
    p.leave(NEXT)
    return p


def turning(settings: Settings, maps: Maps, counted: int) -> Program:
    """At the NIC's way in: sends a packet of a known flow back, as one of the other tunnel."""
    inner = OUTER + ETHERNET
    p = Program()
    p.copy(PACKET, 1)
    reach(p, inner + HEADER[6] + 14)
    room(p, inner + HEADER[4] + 4)
    outer(p, settings)
    p.load("h", 3, AT, OUTER + 12)
    p.when(3, as_loaded(TYPE[6]), "family 6")
    p.unless(3, as_loaded(TYPE[4]), "next")
    for family, table in maps.tables.items():
        p.label(f"family {family}")
        write_key(p, family, inner, both=False)
        p.when(5, 17, f"find {family}")
        room(p, inner + HEADER[family] + 14)
        p.load("b", 3, AT, inner + HEADER[family] + 13)
        p.when_bits(3, FIN_RST | SYN, "next")
        p.label(f"find {family}")
        _arguments(p, table, KEY)
        p.call(bpf.LOOK_UP)
        p.when(0, 0, f"ticket {family}")
        p.copy(REST, 0)
        p.jump("found")
        p.label(f"ticket {family}")
        p.load("w", 1, STACK, KEY + KEY_BYTES[family] - 4)
        p.unless(1, 6, "next")
        _element(p, maps.current)
        p.load("w", REST, 0, 0)
        p.when(REST, 0, "next")
        _ticket(p, maps, KEY, KEY_BYTES[family])
        p.load("d", 1, 0, 0)
        p.unless_equal(1, REST, "next")
        p.store_number("d", 0, 0, 0)
        p.jump("passed")
    p.label("found")
    p.call(bpf.COARSE_TIME)
    p.load("d", 1, REST, 0)
    p.when_above(0, 1, "next")
    p.load("w", REST, REST, 8)
    _same_generation(p, maps.current)
    p.label("passed")
    _count(p, counted)
    turn_round(p)
    p.load("w", 1, PACKET, DEVICE)
    p.set(2, 0)
    p.call(bpf.REDIRECT)
    p.leave()
    p.label("next")
    p.leave(NEXT)
    return p


def _arguments(p: Program, table: int, key: int) -> None:
    """A map and a key, for a helper."""
    p.map_in(1, table)
    p.copy(2, STACK)
    p.plus(2, key)


def _ticket(p: Program, maps: Maps, key: int, size: int) -> None:
    """Register REST, a generation, becomes the flow's ticket; register 0 = the place for it.

    A ticket is the flow's key, the generation and the time, mixed with a secret, and so says all
    that an entry does in one number, which is written and read at once. What shares its place with
    another takes that one's away, which then goes the long way.
    """
    p.call(bpf.COARSE_TIME)
    p.shift_right(0, TICKET_LIFE)
    p.shift_left(0, 24)
    p.add_to(0, REST)
    p.set_wide(2, maps.secret)
    for place in range(0, size, 8):
        p.load("d", 1, STACK, key + place)
        p.differ(0, 1)
        p.times(0, 2)
        p.copy(1, 0)
        p.shift_right(1, 32)
        p.differ(0, 1)
    p.copy(REST, 0)
    p.include(REST, 1)
    p.shift_right(0, 1)
    p.keep(0, TICKETS - 1)
    p.store("w", STACK, ZERO, 0)
    _arguments(p, maps.tickets, ZERO)
    p.call(bpf.LOOK_UP)
    p.when(0, 0, "next")


def _note(p: Program, table: int) -> None:
    """Writes the value, from now on for LIFE, under both keys; ends the program."""
    p.call(bpf.COARSE_TIME)
    p.plus(0, LIFE_NANOSECONDS)
    p.store("d", STACK, VALUE, 0)
    for key in (KEY, TURNED):
        _arguments(p, table, key)
        p.copy(3, STACK)
        p.plus(3, VALUE)
        p.set(4, 0)
        p.call(bpf.UPDATE)
    p.jump("next")


def _element(p: Program, table: int) -> None:
    """Register 0 = the only element of an array; goes on only if there is one."""
    p.store_number("w", STACK, ZERO, 0)
    _arguments(p, table, ZERO)
    p.call(bpf.LOOK_UP)
    p.when(0, 0, "next")


def _same_generation(p: Program, current: int) -> None:
    """Goes on only if the generation in register REST is in force, and is one."""
    p.when(REST, 0, "next")
    _element(p, current)
    p.load("w", 1, 0, 0)
    p.unless_same(1, REST, "next")


def _count(p: Program, counted: int) -> None:
    """Counts a packet, and its bytes from the inner IP header on; segments by their number."""
    _element(p, counted)
    p.load("w", 1, PACKET, SEGMENTS)
    p.unless(1, 0, "counted")
    p.set(1, 1)
    p.label("counted")
    p.load("d", 2, 0, 0)
    p.add_to(2, 1)
    p.store("d", 0, 0, 2)
    p.load("w", 2, PACKET, LENGTH)
    p.plus(2, -(OUTER + ETHERNET))
    p.load("d", 1, 0, 8)
    p.add_to(1, 2)
    p.store("d", 0, 8, 1)
