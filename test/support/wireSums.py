"""Checks the outer UDP checksums of tunnel packets that arrive at a device, as a NIC would have
sent them: what the kernel left to the hardware is completed first.

Arguments: the device, and the ports of tunnels. Reads one request a line: `{"do": "count"}` answers
with packets by what was found since the last call: `right`, `wrong`, `none` (no checksum), and of
these how many the hardware would have had to complete (`inner`, `outer`) or cut into packets
(`merged`).
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
from collections import Counter

ALL_PROTOCOLS, SOL_PACKET, PACKET_VNET_HDR, SO_RCVBUFFORCE = 3, 263, 15, 33
NEEDS_CSUM = 1  # VIRTIO_NET_HDR_F_NEEDS_CSUM
UDP_AT, BODY_AT = 34, 42
PORTS = [int(port) for port in sys.argv[2:]]


def fold(data: bytes) -> int:
    """The sum of one's complement."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def judge(head: bytes, frame: bytearray) -> list[str]:
    """Findings about a packet."""
    flags, merged, _, _, start, offset = struct.unpack("=BBHHHH", head)
    (said,) = struct.unpack_from(">H", frame, UDP_AT + 6)
    pseudo = bytes(frame[26:34]) + b"\0\x11" + bytes(frame[UDP_AT + 4 : UDP_AT + 6])
    if said == 0:
        return ["none"]
    if merged:
        return ["merged", "right" if said == fold(pseudo) else "wrong"]
    found: list[str] = []
    if flags & NEEDS_CSUM:
        found.append("outer" if start == UDP_AT else "inner")
        sum_ = ~fold(bytes(frame[start:])) & 0xFFFF or 0xFFFF
        struct.pack_into(">H", frame, start + offset, sum_)
    return [*found, "right" if fold(pseudo + bytes(frame[UDP_AT:])) == 0xFFFF else "wrong"]


def look(link: socket.socket, counts: Counter[str]) -> None:
    """Judges one packet that arrived."""
    data, (_, _, kind, _, _) = link.recvfrom(1 << 17)
    frame = bytearray(data[10:])
    if kind == socket.PACKET_OUTGOING or frame[12:14] != b"\x08\0" or frame[23] != 17:
        return
    if struct.unpack_from(">H", frame, UDP_AT + 2)[0] in PORTS and len(frame) > BODY_AT:
        counts.update(judge(data[:10], frame))


def main() -> None:
    """Answers until its input ends, each time after all packets that arrived before."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    link.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    link.bind((sys.argv[1], 0))
    counts: Counter[str] = Counter()
    print(json.dumps("ready"), flush=True)
    while True:
        readable, _, _ = select.select([link, sys.stdin], [], [])
        if link in readable:
            look(link, counts)
        elif sys.stdin.readline():
            print(json.dumps(counts), flush=True)
            counts.clear()
        else:
            return


main()
