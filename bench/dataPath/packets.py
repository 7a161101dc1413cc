"""Gives an NVA ready-made packets of its gateway, and counts those that it sends back.

Runs in the NVA's network namespace: the kernel hands the frames to the NIC as its driver would
(BPF live frames), so neither a load balancer nor a wire is in the figures. One processor does all
of it: the given one. Reads one JSON request a line and answers each with one; `do` is one of

  udp        packets of `size` bytes of so many open `flows`, both ways
  syn        each opens a connection of its own; with `from` they are numbered from there on
  synAck     the answers to them
  ack        what completes them, and belongs to them ever after
  forbidden  SYNs from 8.8.8.8 to port 22, `rate` a second
  forget     conntrack forgets all flows

with `count` packets.
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
import frames
from frames import OUTER, Layout, Step, tcp_frame, udp_frame, wrap

PASS, DROP = 2, 1
NIC = "eth0"
FIRST_PORT = 40000
SLICE_SECONDS = 0.01
NETLINK_NETFILTER = 12  # linux/netlink.h
STEPS = {"syn": frames.SYN, "synAck": frames.SYN_ACK, "ack": frames.ACK, "forbidden": frames.SYN}
# Where an inner packet's fields are, from the start of the outer frame.
IDENT, SOURCE, DESTINATION, PORTS = OUTER + 18, OUTER + 26, OUTER + 30, OUTER + 34
SEQUENCE, ACKNOWLEDGED = OUTER + 38, OUTER + 42
HEAD_UDP, HEAD_TCP = OUTER + 34 + 8, OUTER + 34 + 20
# Registers: the packet's ends, its number, and what is worked out of it.
DATA, END, NUMBER, WORK, OPPOSITE = 7, 8, 6, 3, 4


class Kind(NamedTuple):
    """What packets are like; the rest counts for `udp` alone."""

    what: str
    size: int = 0
    flows: int = 1
    # Answers too, or only what comes from outside.
    both: bool = True


def program(head: int, counter: int, inside: bytes) -> bytes:
    """Counts packets, and writes the first bytes of each. A frame is used again and again, and the
    NVA has written its own outer header over it: so all of the head is written anew.
    """
    body = bpf.count(NUMBER, counter) + inside + bpf.give(PASS)
    start = bpf.load("w", DATA, 1, 0) + bpf.load("w", END, 1, 4)
    return start + bpf.if_room(DATA, END, head, body) + bpf.give(DROP)


def udp_program(layout: Layout, kind: Kind, counter: int) -> tuple[bytes, bytes]:
    """The flows take turns: first each sends, then each is answered."""
    out, back = (udp_frame(kind.size, way) for way in (False, True))
    framed = (wrap(out, layout, True), wrap(back, layout, False))
    port = bpf.copy(WORK, NUMBER) + bpf.keep_bits(WORK, kind.flows - 1)
    port += bpf.plus(WORK, FIRST_PORT) + bpf.network_order_16(WORK)
    way = bpf.shift_right(NUMBER, kind.flows.bit_length() - 1)
    way += bpf.keep_bits(NUMBER, int(kind.both))
    ways = [
        bpf.store_bytes(DATA, 0, frame[:HEAD_UDP]) + bpf.store("h", DATA, PORTS + offset, WORK)
        for frame, offset in zip(framed, (0, 2), strict=True)
    ]
    inside = port + way + bpf.either(*ways, register=NUMBER, value=0)
    return program(HEAD_UDP, counter, inside), framed[0]


def tcp_program(layout: Layout, step: Step, many: bool, counter: int) -> tuple[bytes, bytes]:
    """Each packet is of another connection: all ports of a client, then the next client's."""
    client, service = (frames.CLIENTS, 443) if many else ("8.8.8.8", 22)
    frame = wrap(tcp_frame(client, service, step), layout, not step.from_server)
    complement = ACKNOWLEDGED if step.from_server else SEQUENCE
    address, port = (DESTINATION, PORTS + 2) if step.from_server else (SOURCE, PORTS)
    inside = bpf.store_bytes(DATA, 0, frame[:HEAD_TCP]) + bpf.copy(WORK, NUMBER)
    inside += bpf.keep_bits(WORK, frames.LOWEST_PORT - 1) + bpf.set_bits(WORK, frames.LOWEST_PORT)
    inside += bpf.copy(OPPOSITE, WORK) + bpf.flip_bits(OPPOSITE, 0xFFFF)
    # What follows a SYN has the next number.
    inside += bpf.plus(OPPOSITE, int(step != frames.SYN))
    for offset, register in ((port, WORK), (complement + 2, OPPOSITE)):
        inside += bpf.network_order_16(register) + bpf.store("h", DATA, offset, register)
    if many:
        inside += bpf.shift_right(NUMBER, 15) + bpf.keep_bits(NUMBER, 0xFFFF)
        inside += bpf.network_order_16(NUMBER) + bpf.store("h", DATA, address + 2, NUMBER)
        inside += bpf.flip_bits(NUMBER, 0xFFFF) + bpf.store("h", DATA, IDENT, NUMBER)
        inside += bpf.store("h", DATA, complement, NUMBER)
    return program(HEAD_TCP, counter, inside), frame


class Loaded(NamedTuple):
    """A program in the kernel."""

    descriptor: int
    counter: int
    frame: bytes


class Generator:
    """Programs, loaded once for each kind of packets."""

    def __init__(self, nic: str = NIC, layout: Layout = frames.REFERENCE) -> None:
        """Loads nothing yet."""
        self.nic, self.layout = nic, layout
        self.ifindex = socket.if_nametoindex(nic)
        self.loaded: dict[Kind, Loaded] = {}

    def of(self, kind: Kind) -> Loaded:
        """What sends packets of a kind."""
        if kind not in self.loaded:
            counter = bpf.make_counter()
            if kind.what == "udp":
                text, frame = udp_program(self.layout, kind, counter)
            else:
                step, many = STEPS[kind.what], kind.what != "forbidden"
                text, frame = tcp_program(self.layout, step, many, counter)
            self.loaded[kind] = Loaded(bpf.load_program(bpf.XDP, text), counter, frame)
        return self.loaded[kind]

    def number_from(self, kind: Kind, number: int) -> None:
        """The next packet of this kind has this number."""
        bpf.set_counter(self.of(kind).counter, number)

    def send(self, kind: Kind, count: int) -> dict[str, Any]:
        """Sends, and says what it took and how many came back."""
        descriptor, _, frame = self.of(kind)
        came, begun, before = self.sent_back(), time.perf_counter_ns(), scheduled()
        each = bpf.send_live(descriptor, frame, self.ifindex, count)
        after, ended = scheduled(), time.perf_counter_ns()
        return {
            "sent": count,
            "came": self.sent_back() - came,
            "nanoseconds": each * count,
            "wall": ended - begun,
            "ran": after[0] - before[0],
            "waited": after[1] - before[1],
        }

    def sent_back(self) -> int:
        """Packets that left the NIC."""
        return int(Path(f"/sys/class/net/{self.nic}/statistics/tx_packets").read_text())


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
        now = min(due, int(rate * SLICE_SECONDS * 4), count - sent)
        if now > 0:
            for name, value in generator.send(kind, now).items():
                total[name] = total.get(name, 0) + value
            sent += now
        time.sleep(SLICE_SECONDS)
    return {**total, "seconds": time.monotonic() - begin}


def answer(generator: Generator, request: dict[str, Any]) -> dict[str, Any]:
    """Does what a request asks."""
    what, count = request["do"], request.get("count", 0)
    if what == "forget":
        forget_flows()
        return {"flows": flows_known()}
    kind = Kind(what)
    if what == "udp":
        kind = Kind(what, request["size"], request["flows"])
        # Each flow has begun from outside before anything answers.
        generator.send(kind._replace(both=False), request["flows"])
    if "from" in request:
        generator.number_from(kind, request["from"])
    if rate := request.get("rate"):
        return paced(generator, kind, rate, count)
    return {**generator.send(kind, count), "flows": flows_known()}


def main() -> None:
    """Answers until its input ends."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    generator = Generator()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(generator, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
