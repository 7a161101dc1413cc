"""Frames as a gateway load balancer sends them to an NVA."""

from __future__ import annotations

import socket
import struct
from typing import Any, NamedTuple

# Addresses for benchmarks (RFC 2544); what comes out with them is counted and goes no further.
CLIENTS, SERVICE = "198.18.0.0", "20.0.0.4"
INNER_MACS = ("0a:00:00:00:00:01", "0a:00:00:00:00:02")
OUTER = 14 + 20 + 8 + 8
UDP, TCP = 17, 6


class Tunnel(NamedTuple):
    """One VXLAN tunnel."""

    vni: int
    port: int


class Layout(NamedTuple):
    """Where the NVA's NIC and the gateway are, and the tunnels between them."""

    gateway: str
    gateway_mac: str
    nva: str
    nva_mac: str
    internal: Tunnel
    external: Tunnel


def read_layout(told: dict[str, Any]) -> Layout:
    """The layout in JSON."""
    names = ("gateway", "gatewayMac", "nva", "nvaMac")
    tunnels = (Tunnel(**told[name]) for name in ("internal", "external"))
    return Layout(*(told[name] for name in names), *tunnels)


def checksum(data: bytes) -> int:
    """Of an even number of bytes."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(text: str) -> bytes:
    """Six bytes."""
    return bytes.fromhex(text.replace(":", ""))


def ip_header(source: str, destination: str, protocol: int, length: int, ident: int = 0) -> bytes:
    """IPv4 header of a packet that has `length` bytes with it."""
    ends = socket.inet_aton(source) + socket.inet_aton(destination)
    head = struct.pack(">BBHHHBBH", 0x45, 0, length, ident, 0x4000, 64, protocol, 0) + ends
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:]


def ethernet(source: str, destination: str, payload: bytes) -> bytes:
    """Frame of an IPv4 packet."""
    return mac(destination) + mac(source) + b"\x08\x00" + payload


def wrap(frame: bytes, layout: Layout, outside: bool) -> bytes:
    """The frame inside VXLAN, from the gateway to the NVA, by the External tunnel or the other."""
    tunnel = layout.external if outside else layout.internal
    vxlan = struct.pack(">II", 0x08000000, tunnel.vni << 8) + frame
    # No checksum, as the kernel sends VXLAN over IPv4.
    udp = struct.pack(">HHHH", 50000, tunnel.port, 8 + len(vxlan), 0) + vxlan
    packet = ip_header(layout.gateway, layout.nva, UDP, 20 + len(udp)) + udp
    return ethernet(layout.gateway_mac, layout.nva_mac, packet)


def udp_frame(size: int, back: bool) -> bytes:
    """A packet of `size` bytes of a flow whose client's port is still to be written."""
    turn = -1 if back else 1
    (source, destination), (near, far) = (CLIENTS, SERVICE)[::turn], (0, 5001)[::turn]
    body = struct.pack(">HHHH", near, far, size - 20, 0) + bytes(size - 28)
    packet = ip_header(source, destination, UDP, size) + body
    here, there = INNER_MACS[::turn]
    return ethernet(here, there, packet)


class Step(NamedTuple):
    """A packet of a connection's start: who sends it, and its TCP flags."""

    from_server: bool
    flags: int


SYN, SYN_ACK, ACK = Step(False, 0x02), Step(True, 0x12), Step(False, 0x10)
# Bit 15 is set in each client's port: an ephemeral one, and complements of it do not overflow.
LOWEST_PORT = 0x8000
SERVER_SEQUENCE = 5000


def tcp_frame(client: str, port: int, step: Step) -> bytes:
    """A packet of connection 0 to a port: its client has the lowest port.

    The client's sequence number is the one's complement of the low half of its address and of its
    port, the identification that of the former: so the checksums stay right for any of them.
    """
    low = int.from_bytes(socket.inet_aton(client)[2:], "big")
    ident, begin = ~low & 0xFFFF, (~low & 0xFFFF) << 16 | (~LOWEST_PORT & 0xFFFF)
    numbers = {SYN: (begin, 0), SYN_ACK: (SERVER_SEQUENCE, begin + 1)}
    sequence, acknowledged = numbers.get(step, (begin + 1, SERVER_SEQUENCE + 1))
    turn = -1 if step.from_server else 1
    (source, destination), (near, far) = (client, SERVICE)[::turn], (LOWEST_PORT, port)[::turn]
    head = (near, far, sequence, acknowledged, 0x50, step.flags, 64240)
    tcp = struct.pack(">HHIIBBHHH", *head, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination)
    over = checksum(pseudo + struct.pack(">HH", TCP, len(tcp)) + tcp)
    packet = ip_header(source, destination, TCP, 40, ident)
    here, there = INNER_MACS[::turn]
    return ethernet(here, there, packet + tcp[:16] + struct.pack(">H", over) + tcp[18:])
