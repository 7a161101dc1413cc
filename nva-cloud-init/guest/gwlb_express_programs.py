"""The two programs of the express way (gwlb_express), put together for this NVA's tunnels."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import gwlb_bpf as bpf
from gwlb_bpf import STACK, Program, as_loaded
from gwlb_settings import Settings, Tunnel

# Of the packet's mark: a taken flow's packet, and the generation that took it (gwlb_policy_sets).
TAKEN, GENERATION_BITS = 0x40000000, 0x00FFFFFF
LIFE_NANOSECONDS = 1_000_000_000
NEXT = -1  # TC_ACT_UNSPEC: not for this program to decide

# --- places in a packet, in struct __sk_buff of linux/bpf.h, and on the stack ---------------------
LENGTH, MARK, DEVICE, DATA, END_OF_DATA, SEGMENTS = 0, 8, 40, 76, 80, 164
ETHERNET, OUTER = 14, 50
TYPE = {4: b"\x08\x00", 6: b"\x86\xdd"}
HEADER = {4: 20, 6: 40}
# Key: both addresses, both ports, the protocol. Value: nanoseconds, generation.
KEY_BYTES = {4: 16, 6: 40}
VALUE_BYTES = 16
KEY, TURNED, VALUE, ZERO, WAY = -40, -80, -96, -104, -112
FIN_RST, SYN, ACK = 0x05, 0x02, 0x10
# A ticket is worth something for so many nanoseconds at most, as a power of two.
TICKET_LIFE = 30
TICKETS = 1 << 16
# Registers that helpers leave alone.
PACKET, AT, REST, END = 6, 7, 8, 9


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
    _reach(p, ETHERNET + HEADER[6] + 14)
    _room(p, ETHERNET + HEADER[4] + 4)
    p.load("h", 3, AT, 12)
    p.when(3, as_loaded(TYPE[6]), "family 6")
    p.unless(3, as_loaded(TYPE[4]), "next")
    for family, table in maps.tables.items():
        p.label(f"family {family}")
        _key(p, family, ETHERNET, both=True)
        p.when(5, 17, f"learn {family}")
        # What begins a flow is judged by itself; what ends it ends the express way, too.
        _room(p, ETHERNET + HEADER[family] + 14)
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
    _reach(p, inner + HEADER[6] + 14)
    _room(p, inner + HEADER[4] + 4)
    _outer(p, settings)
    p.load("h", 3, AT, OUTER + 12)
    p.when(3, as_loaded(TYPE[6]), "family 6")
    p.unless(3, as_loaded(TYPE[4]), "next")
    for family, table in maps.tables.items():
        p.label(f"family {family}")
        _key(p, family, inner, both=False)
        p.when(5, 17, f"find {family}")
        _room(p, inner + HEADER[family] + 14)
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
    _turn_round(p)
    p.load("w", 1, PACKET, DEVICE)
    p.set(2, 0)
    p.call(bpf.REDIRECT)
    p.leave()
    p.label("next")
    p.leave(NEXT)
    return p


def _ends(p: Program) -> None:
    """Where the packet is now; helpers that change it may move it."""
    p.load("w", AT, PACKET, DATA)
    p.load("w", END, PACKET, END_OF_DATA)


def _reach(p: Program, most: int) -> None:
    """Has the first bytes of a packet, up to so many, where a program can read them."""
    _ends(p)
    p.copy(2, AT)
    p.plus(2, most)
    p.unless_above(2, END, "reached")
    p.load("w", 2, PACKET, LENGTH)
    p.unless_number_above(2, most, "short")
    p.set(2, most)
    p.label("short")
    p.copy(1, PACKET)
    p.call(bpf.PULL)
    _ends(p)
    p.label("reached")


def _room(p: Program, size: int) -> None:
    """Goes on only with a packet that has so many bytes."""
    p.copy(2, AT)
    p.plus(2, size)
    p.when_above(2, END, "next")


def _outer(p: Program, settings: Settings) -> None:
    """Goes on with a tunnel's packet from the gateway; notes what it will be on its way back."""
    gateway = bytes(int(part) for part in settings.gateway.split("."))
    for size, place, wanted in (
        ("h", 12, TYPE[4]),
        ("b", 14, b"\x45"),
        ("b", 23, b"\x11"),
        ("w", 26, gateway),
        ("w", 42, b"\x08\0\0\0"),
    ):
        p.load(size, 3, AT, place)
        p.unless(3, as_loaded(wanted), "next")
    p.load("h", 3, AT, 20)
    p.when_bits(3, as_loaded(b"\x3f\xff"), "next")
    p.load("h", 3, AT, 36)
    p.load("w", 4, AT, 46)
    one, other = settings.tunnels
    for tunnel, back in ((one, other), (other, one)):
        (port, vni), (back_port, back_vni) = _names(tunnel), _names(back)
        p.unless(3, port, f"not {tunnel.device}")
        p.unless(4, vni, f"not {tunnel.device}")
        p.store_number("h", STACK, WAY, back_port)
        p.store_number("w", STACK, WAY + 4, back_vni)
        p.jump("inner")
        p.label(f"not {tunnel.device}")
    p.jump("next")
    p.label("inner")


def _names(tunnel: Tunnel) -> tuple[int, int]:
    """Port and VNI as a packet has them."""
    return as_loaded(struct.pack(">H", tunnel.port)), as_loaded(struct.pack(">I", tunnel.vni << 8))


def _key(p: Program, family: int, at: int, both: bool) -> None:
    """Writes the key, and that of the flow's other way; leaves the protocol in register 5."""
    if family == 4:
        p.load("b", 3, AT, at)
        p.unless(3, 0x45, "next")
        p.load("h", 3, AT, at + 6)
        p.when_bits(3, as_loaded(b"\x3f\xff"), "next")
        p.load("b", 5, AT, at + 9)
        size, places, first = "w", 1, at + 12
    else:
        _room(p, at + HEADER[6] + 4)
        p.load("b", 3, AT, at)
        p.keep(3, 0xF0)
        p.unless(3, 0x60, "next")
        p.load("b", 5, AT, at + 6)
        size, places, first = "d", 2, at + 8
    p.when(5, 17, f"ports {family}")
    p.unless(5, 6, "next")
    p.label(f"ports {family}")
    width = 4 if family == 4 else 8
    span = places * width
    for end in (0, 1):
        for place in range(places):
            p.load(size, 3, AT, first + end * span + place * width)
            p.store(size, STACK, KEY + end * span + place * width, 3)
            if both:
                p.store(size, STACK, TURNED + (1 - end) * span + place * width, 3)
        p.load("h", 3, AT, at + HEADER[family] + 2 * end)
        p.store("h", STACK, KEY + 2 * span + 2 * end, 3)
        if both:
            p.store("h", STACK, TURNED + 2 * span + 2 * (1 - end), 3)
    for key in (KEY, TURNED) if both else (KEY,):
        p.store("w", STACK, key + 2 * span + 4, 5)


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


def _turn_round(p: Program) -> None:
    """Back to who sent it: MAC and IP addresses change places, port and VNI are the other's."""
    p.load("h", 1, AT, 40)
    p.when(1, 0, "no checksum")
    # Addresses that change places leave a checksum as it is.
    for size, width, place, noted in (("h", 2, 36, WAY), ("w", 4, 46, WAY + 4)):
        p.load(size, 3, AT, place)
        p.load(size, 4, STACK, noted)
        p.copy(1, PACKET)
        p.set(2, 40)
        p.set(5, width)
        p.call(bpf.REPLACE_CHECKSUM)
        _ends(p)
        _room(p, OUTER + ETHERNET)
    p.label("no checksum")
    for size, one, other in (("w", 0, 6), ("h", 4, 10), ("w", 26, 30)):
        p.load(size, 1, AT, one)
        p.load(size, 2, AT, other)
        p.store(size, AT, one, 2)
        p.store(size, AT, other, 1)
    for size, place, noted in (("h", 36, WAY), ("w", 46, WAY + 4)):
        p.load(size, 1, STACK, noted)
        p.store(size, AT, place, 1)
