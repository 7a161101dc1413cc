"""Frames as a gateway load balancer sends them to an NVA, in the reference layout."""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

GATEWAY, NVA = "10.7.0.4", "10.7.1.5"
GATEWAY_MAC, NVA_MAC = "00:0d:3a:00:00:01", "00:0d:3a:00:00:05"
# Addresses for benchmarks (RFC 2544); what comes out with them is counted and goes no further.
CLIENTS, SERVICE = "198.18.0.1", "20.0.0.4"
INNER_MACS = ("0a:00:00:00:00:01", "0a:00:00:00:00:02")
OUTER = 14 + 20 + 8 + 8
UDP, TCP = 17, 6


class Tunnel(NamedTuple):
    """One VXLAN tunnel."""

    vni: int
    port: int


INTERNAL, EXTERNAL = Tunnel(800, 10800), Tunnel(801, 10801)


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


def wrap(frame: bytes, tunnel: Tunnel) -> bytes:
    """The frame inside VXLAN, from the gateway to the NVA."""
    vxlan = struct.pack(">II", 0x08000000, tunnel.vni << 8) + frame
    # No checksum, as the kernel sends VXLAN over IPv4.
    udp = struct.pack(">HHHH", 50000, tunnel.port, 8 + len(vxlan), 0) + vxlan
    packet = ip_header(GATEWAY, NVA, UDP, 20 + len(udp)) + udp
    return ethernet(GATEWAY_MAC, NVA_MAC, packet)


def udp_frame(size: int, back: bool) -> bytes:
    """A packet of `size` bytes of a flow whose client's port is still to be written."""
    turn = -1 if back else 1
    (source, destination), (near, far) = (CLIENTS, SERVICE)[::turn], (0, 5001)[::turn]
    body = struct.pack(">HHHH", near, far, size - 20, 0) + bytes(size - 28)
    packet = ip_header(source, destination, UDP, size) + body
    here, there = INNER_MACS[::turn]
    return ethernet(here, there, packet)


def syn_frame(source: str, port: int, many_sources: bool) -> bytes:
    """A SYN whose client's port, and of many sources the address's low half, are still to be set.

    Two bytes of the sequence number must then be the one's complement of the port; and of many
    sources the identification and the other two that of the address: so the checksums stay right.
    """
    low = 0xFFFF if many_sources else 0
    ends = socket.inet_aton(source)[: 2 if many_sources else 4].ljust(4, b"\0")
    ends += socket.inet_aton(SERVICE)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40, low, 0x4000, 64, TCP, 0) + ends
    tcp = struct.pack(">HHHHIBBHHH", 0, port, low, 0xFFFF, 0, 0x50, 2, 64240, 0, 0)
    over = checksum(ends + struct.pack(">HH", TCP, len(tcp)) + tcp)
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return ethernet(
        INNER_MACS[0], INNER_MACS[1], ip + tcp[:16] + struct.pack(">H", over) + tcp[18:]
    )
