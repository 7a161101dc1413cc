"""Gives an NVA ready-made packets of its gateway, and counts those that it sends back.

Runs in the NVA's network namespace: the kernel hands the frames to the NIC as its driver would
(BPF live frames), so neither a load balancer nor a wire is in the figures. One processor does all
of it: the given one. Reads one JSON request a line and answers each with one:

  {"do": "udp", "size": BYTES, "flows": N, "count": PACKETS}   packets of open flows, both ways
  {"do": "syn", "count": PACKETS}                              each opens a connection
  {"do": "forbidden", "count": PACKETS, "rate": PER_SECOND}    SYNs from 8.8.8.8 to port 22
  {"do": "forget"}                                             conntrack forgets all flows
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import ebpf as bpf
from frames import CLIENTS, EXTERNAL, INTERNAL, OUTER, syn_frame, udp_frame, wrap

PASS, DROP = 2, 1
NIC = "eth0"
FIRST_PORT = 40000
# Where an inner frame's fields are, from the start of the outer one.
IDENT, SOURCE_LOW, PORTS, SEQUENCE = OUTER + 18, OUTER + 28, OUTER + 34, OUTER + 38
HEAD_UDP, HEAD_TCP = OUTER + 34 + 8, OUTER + 34 + 20
SLICE_SECONDS = 0.01
NETLINK_NETFILTER = 12  # linux/netlink.h
DATA, END, RANDOM, SCRATCH = 7, 8, 6, 1


def framed(size: int, inside: bytes) -> bytes:
    """A program whose inside may write the first bytes of a packet, with a random number."""
    body = bpf.call(bpf.PRANDOM) + bpf.copy(RANDOM, 0) + inside + bpf.give(PASS)
    start = bpf.load("w", DATA, 1, 0) + bpf.load("w", END, 1, 4)
    return start + bpf.if_room(DATA, END, size, body) + bpf.give(DROP)


def udp_program(frames: tuple[bytes, bytes], flows: int, both: bool) -> bytes:
    """One of the flows, one of the directions, by chance. A frame is used again and again, and the
    NVA has written its own outer header over it: so all of the head is written anew.
    """
    port = bpf.copy(0, RANDOM) + bpf.keep_bits(0, flows - 1) + bpf.plus(0, FIRST_PORT)
    ways = [
        bpf.store_bytes(DATA, 0, frame[:HEAD_UDP]) + bpf.store("h", DATA, PORTS + offset, 0)
        for frame, offset in zip(frames, (0, 2), strict=True)
    ]
    way = bpf.shift_right(RANDOM, 31) + bpf.keep_bits(RANDOM, int(both))
    return framed(
        HEAD_UDP, port + bpf.network_order_16(0) + way + bpf.either(*ways, register=RANDOM, value=0)
    )


def syn_program(frame: bytes, many_sources: bool) -> bytes:
    """A SYN from a port above 32767 by chance, and from an address by chance."""
    port = (
        bpf.copy(0, RANDOM)
        + bpf.keep_bits(0, 0x7FFF)
        + bpf.set_bits(0, 0x8000)
        + bpf.network_order_16(0)
    )
    low = bpf.shift_right(RANDOM, 16) + bpf.keep_bits(RANDOM, 0xFFFF if many_sources else 0)
    opposite = bpf.copy(SCRATCH, 0) + bpf.flip_bits(SCRATCH, 0xFFFF)
    inside = bpf.store_bytes(DATA, 0, frame[:HEAD_TCP]) + port
    inside += bpf.store("h", DATA, PORTS, 0) + opposite
    inside += bpf.store("h", DATA, SEQUENCE + 2, SCRATCH)
    if many_sources:
        inside += low + bpf.store("h", DATA, SOURCE_LOW, RANDOM)
        inside += bpf.flip_bits(RANDOM, 0xFFFF)
        inside += bpf.store("h", DATA, IDENT, RANDOM) + bpf.store("h", DATA, SEQUENCE, RANDOM)
    return framed(HEAD_TCP, inside)


class Kind(NamedTuple):
    """What packets are like: `udp`, `syn` or `forbidden`; the rest counts for `udp` alone."""

    what: str
    size: int = 0
    flows: int = 1
    # Answers too, or only what comes from outside.
    both: bool = True


def make(kind: Kind) -> tuple[bytes, bytes]:
    """Instructions, and the frame that they write on."""
    if kind.what == "udp":
        out, back = (udp_frame(kind.size, way) for way in (False, True))
        frames = (wrap(out, EXTERNAL), wrap(back, INTERNAL))
        return udp_program(frames, kind.flows, kind.both), frames[0]
    many = kind.what == "syn"
    source, port = (CLIENTS, 443) if many else ("8.8.8.8", 22)
    frame = wrap(syn_frame(source, port, many), EXTERNAL)
    return syn_program(frame, many), frame


class Generator:
    """Programs, loaded once for each kind of packets."""

    def __init__(self) -> None:
        """Loads nothing yet."""
        self.ifindex = socket.if_nametoindex(NIC)
        self.loaded: dict[Kind, tuple[int, bytes]] = {}

    def program(self, kind: Kind) -> tuple[int, bytes]:
        """Program and frame of a kind."""
        if kind not in self.loaded:
            program, frame = make(kind)
            self.loaded[kind] = (bpf.load_program(bpf.XDP, program), frame)
        return self.loaded[kind]

    def send(self, kind: Kind, count: int) -> dict[str, Any]:
        """Sends, and says what it took and how many came back."""
        descriptor, frame = self.program(kind)
        came, begun, before = sent_back(), time.perf_counter_ns(), scheduled()
        each = bpf.send_live(descriptor, frame, self.ifindex, count)
        after, ended = scheduled(), time.perf_counter_ns()
        return {
            "sent": count,
            "came": sent_back() - came,
            "nanoseconds": each * count,
            "wall": ended - begun,
            "ran": after[0] - before[0],
            "waited": after[1] - before[1],
        }


def sent_back() -> int:
    """Packets that left the NIC."""
    return int(Path(f"/sys/class/net/{NIC}/statistics/tx_packets").read_text())


def scheduled() -> tuple[int, int]:
    """Nanoseconds that this thread has run, and that it was ready and could not."""
    ran, waited, _ = Path("/proc/thread-self/schedstat").read_text().split()
    return int(ran), int(waited)


def forget_flows() -> None:
    """Empties conntrack's table of this namespace (IPCTNL_MSG_CT_DELETE without a flow)."""
    request = struct.pack("=IHHIIBBH", 20, (1 << 8) | 2, 5, 1, 0, 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
        netlink.send(request)
        netlink.recv(4096)


def flows_known() -> int:
    """Entries in conntrack's table of this namespace; 0 where nobody asked for any."""
    file = Path("/proc/sys/net/netfilter/nf_conntrack_count")
    return int(file.read_text()) if file.exists() else 0


def paced(generator: Generator, kind: Kind, rate: int, count: int) -> dict[str, Any]:
    """Sends so many a second, in slices; what is late is not caught up in one piece."""
    total: dict[str, Any] = {}
    begin, sent = time.monotonic(), 0
    while sent < count:
        due = int((time.monotonic() - begin) * rate) - sent
        slice_ = min(due, int(rate * SLICE_SECONDS * 4), count - sent)
        if slice_ > 0:
            for name, value in generator.send(kind, slice_).items():
                total[name] = total.get(name, 0) + value
            sent += slice_
        time.sleep(SLICE_SECONDS)
    return {**total, "seconds": time.monotonic() - begin}


def answer(generator: Generator, request: dict[str, Any]) -> dict[str, Any]:
    """Does what a request asks."""
    what = request["do"]
    if what == "forget":
        forget_flows()
        return {"flows": flows_known()}
    if what == "udp":
        kind = Kind(what, request["size"], request["flows"])
        # Each flow has begun from outside before anything answers.
        generator.send(kind._replace(both=False), request["flows"] * 8)
        return generator.send(kind, request["count"])
    if rate := request.get("rate"):
        return paced(generator, Kind(what), rate, request["count"])
    return {**generator.send(Kind(what), request["count"]), "flows": flows_known()}


def main() -> None:
    """Answers until its input ends."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    generator = Generator()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(generator, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
