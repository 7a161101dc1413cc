"""Sends SYNs from 8.8.8.8 to port 22 by a device: `flood.py DEVICE MAC PER_SECOND SECONDS`.

Prints how many it sent.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

SLICE_SECONDS = 0.005


def frame(mac: str) -> bytes:
    """The frame, with the header checksum that IPv4 wants; nobody looks at the rest."""
    head = bytearray(
        struct.pack(
            ">BBHHHBBH4s4s",
            *(0x45, 0, 40, 0, 0x4000, 64, 6, 0),
            socket.inet_aton("8.8.8.8"),
            socket.inet_aton("10.9.0.2"),
        )
    )
    total = sum(struct.unpack(">10H", head))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    head[10:12] = struct.pack(">H", ~total & 0xFFFF)
    tcp = struct.pack(">HHIIBBHHH", 5000, 22, 1, 0, 0x50, 2, 1024, 0, 0)
    ether = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000001") + b"\x08\x00"
    return ether + bytes(head) + tcp


def main() -> None:
    """Sends in slices of some milliseconds, and never catches up more than one."""
    device, mac, rate, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((device, 0))
    data, sent = frame(mac), 0
    begin = time.monotonic()
    while (now := time.monotonic()) < begin + seconds:
        due = int((now - begin) * rate)
        for _ in range(min(due - sent, int(rate * SLICE_SECONDS * 4))):
            link.send(data)
            sent += 1
        time.sleep(SLICE_SECONDS)
    print(sent)


if __name__ == "__main__":
    main()
