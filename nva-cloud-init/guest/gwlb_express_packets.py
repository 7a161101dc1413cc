"""What the programs of the express way do with a packet: its parts, its key, its way back."""

from __future__ import annotations

import struct

import gwlb_bpf as bpf
from gwlb_bpf import STACK, Program, as_loaded
from gwlb_settings import Settings, Tunnel

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
# Registers that helpers leave alone.
PACKET, AT, REST, END = 6, 7, 8, 9


def _ends(p: Program) -> None:
    """Where the packet is now; helpers that change it may move it."""
    p.load("w", AT, PACKET, DATA)
    p.load("w", END, PACKET, END_OF_DATA)


def reach(p: Program, most: int) -> None:
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


def room(p: Program, size: int) -> None:
    """Goes on only with a packet that has so many bytes."""
    p.copy(2, AT)
    p.plus(2, size)
    p.when_above(2, END, "next")


def outer(p: Program, settings: Settings) -> None:
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


def write_key(p: Program, family: int, at: int, both: bool) -> None:
    """Writes the key, and that of the flow's other way; leaves the protocol in register 5."""
    if family == 4:
        p.load("b", 3, AT, at)
        p.unless(3, 0x45, "next")
        p.load("h", 3, AT, at + 6)
        p.when_bits(3, as_loaded(b"\x3f\xff"), "next")
        p.load("b", 5, AT, at + 9)
        size, places, first = "w", 1, at + 12
    else:
        room(p, at + HEADER[6] + 4)
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


def turn_round(p: Program) -> None:
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
        room(p, OUTER + ETHERNET)
    p.label("no checksum")
    for size, one, other in (("w", 0, 6), ("h", 4, 10), ("w", 26, 30)):
        p.load(size, 1, AT, one)
        p.load(size, 2, AT, other)
        p.store(size, AT, one, 2)
        p.store(size, AT, other, 1)
    for size, place, noted in (("h", 36, WAY), ("w", 46, WAY + 4)):
        p.load(size, 1, STACK, noted)
        p.store(size, AT, place, 1)
