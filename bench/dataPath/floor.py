"""The floor: an NVA that only turns the outer header around, in eBPF on the NIC's ingress.

Pins the program at a path for `tc`: `floor.py PATH`. Runs in the NVA's network namespace.
"""

from __future__ import annotations

import socket
import struct
import sys

import ebpf as bpf
from frames import OUTER, REFERENCE, UDP, Tunnel

INTERNAL, EXTERNAL = REFERENCE.internal, REFERENCE.external

OK = 0
DATA, END = 7, 8
TYPE, PROTOCOL, ADDRESSES, PORT, VNI = 12, 23, 26, 36, 46
# Where struct __sk_buff keeps the packet's ends.
SKB_DATA, SKB_END = 76, 80


def swap(size: str, one: int, other: int) -> bytes:
    """Two places of the packet change their content."""
    get = bpf.load(size, 1, DATA, one) + bpf.load(size, 2, DATA, other)
    return get + bpf.store(size, DATA, one, 2) + bpf.store(size, DATA, other, 1)


def as_tunnel(tunnel: Tunnel) -> bytes:
    """The packet becomes one of this tunnel."""
    port = struct.pack(">H", tunnel.port)
    vni = struct.pack(">I", tunnel.vni << 8)
    return bpf.store_bytes(DATA, PORT, port) + bpf.store_bytes(DATA, VNI, vni)


def program(ifindex: int) -> bytes:
    """Swaps the ends and the tunnel of what comes by a tunnel; leaves everything else alone."""
    host = {tunnel: socket.htons(tunnel.port) for tunnel in (INTERNAL, EXTERNAL)}
    turn = swap("w", 0, 6) + swap("h", 4, 10) + swap("w", ADDRESSES, ADDRESSES + 4)
    turn += bpf.set_to(1, ifindex) + bpf.set_to(2, 0) + bpf.call(bpf.REDIRECT) + bpf.leave()
    out = bpf.unless_equal(3, host[EXTERNAL], as_tunnel(INTERNAL) + turn)
    back = bpf.unless_equal(3, host[INTERNAL], as_tunnel(EXTERNAL) + turn)
    judged = bpf.load("h", 3, DATA, PORT) + out + back
    udp = bpf.load("b", 3, DATA, PROTOCOL) + bpf.unless_equal(3, UDP, judged)
    ip = bpf.load("h", 3, DATA, TYPE) + bpf.unless_equal(3, socket.htons(0x0800), udp)
    start = bpf.load("w", DATA, 1, SKB_DATA) + bpf.load("w", END, 1, SKB_END)
    return start + bpf.if_room(DATA, END, OUTER, ip) + bpf.give(OK)


def main() -> None:
    """Loads and pins."""
    loaded = bpf.load_program(bpf.SCHED_CLS, program(socket.if_nametoindex("eth0")))
    bpf.pin(loaded, sys.argv[1])


if __name__ == "__main__":
    main()
