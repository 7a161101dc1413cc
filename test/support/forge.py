"""Sends forged ICMP errors about an NVA's outer packets, from the network that its NIC is on.

Arguments: the sender, then for each error TYPE:CODE:REST:PORT:VNI:OPTIONS, where REST is the second
word of the ICMP header, PORT and VNI are the tunnel's, and OPTIONS are the bytes of options in the
header that it quotes. The kernel looks for the tunnel by the VXLAN header that is quoted.
"""

import socket
import struct
import sys

NVA, GATEWAY = "10.7.1.5", "10.7.0.4"


def checksum(data: bytes) -> int:
    """Of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def header(source: str, destination: str, protocol: int, length: int, options: int = 0) -> bytes:
    """An IPv4 header."""
    first = 0x45 + options // 4
    head = struct.pack("!BBHHHBBH", first, 0, 20 + options + length, 1, 0, 64, protocol, 0)
    whole = head + socket.inet_aton(source) + socket.inet_aton(destination) + b"\x01" * options
    return whole[:10] + struct.pack("!H", checksum(whole)) + whole[12:]


def error(argument: str) -> bytes:
    """An error about a packet of a tunnel."""
    kind, code, rest, port, vni, options = (int(number) for number in argument.split(":"))
    quoted = header(NVA, GATEWAY, 17, 1530, options) + struct.pack("!HHHH", 50000, port, 1530, 0)
    quoted += struct.pack("!II", 0x08000000, vni << 8)
    head = struct.pack("!BBHI", kind, code, 0, rest)
    return head[:2] + struct.pack("!H", checksum(head + quoted)) + head[4:] + quoted


sender = sys.argv[1]
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
    for argument in sys.argv[2:]:
        message = error(argument)
        raw.sendto(header(sender, NVA, 1, len(message)) + message, (NVA, 0))
