"""Gives an NVA ready-made packets of its gateway, and counts those that it sends back.

Runs in the NVA's network namespace: the kernel hands the frames to the NIC as its driver would
(BPF live frames), so neither a load balancer nor a wire is in the figures. Arguments: the one
processor that does all of it, and the layout in JSON. Reads one JSON request a line and answers
each with one; `do` is one of

  udp        packets of `size` bytes of so many open `flows`, both ways
  syn        each opens a connection of its own; with `from` they are numbered from there on
  synAck     the answers to them
  ack        what completes them, and belongs to them ever after
  forbidden  SYNs from 8.8.8.8 to port 22, `rate` a second
  forget     conntrack forgets all flows

with `count` packets.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import frames
from frames import Layout, tcp_frame, udp_frame, wrap
from loader import bpf, object_file

XDP, TEST_RUN, LIVE_FRAMES = 6, 10, 2  # linux/bpf.h
NIC = "eth0"
FIRST_PORT = 40000
SLICE_SECONDS = 0.01
NETLINK_NETFILTER = 12  # linux/netlink.h
STEPS = {"syn": frames.SYN, "synAck": frames.SYN_ACK, "ack": frames.ACK, "forbidden": frames.SYN}
# Bytes of generator.c's heads, each.
HEAD = 104


class Kind(NamedTuple):
    """A kind of packets; fields after the first count for `udp` alone."""

    what: str
    size: int = 0
    flows: int = 1
    # Answers too, or only what comes from outside.
    both: bool = True


def number(value: int) -> bytes:
    """As the programs have it."""
    return struct.pack("=I", value)


def udp_constants(layout: Layout, kind: Kind) -> tuple[dict[str, bytes], bytes]:
    """Of the program `udp`, and a frame."""
    framed = [wrap(udp_frame(kind.size, back), layout, not back) for back in (False, True)]
    constants = {
        "heads": b"".join(frame[:HEAD].ljust(HEAD, b"\0") for frame in framed),
        "first_port": number(FIRST_PORT),
        "flow_bits": number(kind.flows.bit_length() - 1),
        "answered": number(int(kind.both)),
    }
    return constants, framed[0]


def tcp_constants(layout: Layout, kind: Kind) -> tuple[dict[str, bytes], bytes]:
    """Of the program `tcp`, and a frame."""
    step, many = STEPS[kind.what], kind.what != "forbidden"
    client, service = (frames.CLIENTS, 443) if many else ("8.8.8.8", 22)
    frame = wrap(tcp_frame(client, service, step), layout, not step.from_server)
    constants = {
        "heads": frame[:HEAD].ljust(2 * HEAD, b"\0"),
        "from_server": number(int(step.from_server)),
        "many_clients": number(int(many)),
        "follows": number(int(step != frames.SYN)),
    }
    return constants, frame


def send_live(descriptor: int, frame: bytes, ifindex: int, count: int) -> int:
    """Hands so many copies of a frame to a device, each by way of an XDP program, as its driver
    would; gives the nanoseconds of each. Needs Linux 5.18.
    """
    data = bpf.buffer(frame)
    context = bpf.buffer(struct.pack("=IIIIII", 0, len(frame), 0, ifindex, 0, 0))
    attribute = struct.pack(
        "=IIIIQQIIIIQQIII",
        *(descriptor, 0, len(frame), 0, ctypes.addressof(data), 0, count, 0),
        *(len(context), 0, ctypes.addressof(context), 0, LIVE_FRAMES, 0, 0),
    )
    answer = bpf.buffer(attribute.ljust(bpf.ATTRIBUTE_BYTES, b"\0"))
    bpf.bpf(TEST_RUN, answer)
    return struct.unpack_from("=I", answer, 36)[0]


class Loaded(NamedTuple):
    """A program in the kernel."""

    descriptor: int
    counter: int
    frame: bytes


class Generator:
    """Programs, loaded once for each kind of packets."""

    def __init__(self, nic: str, layout: Layout) -> None:
        """Loads nothing yet."""
        self.nic, self.layout = nic, layout
        self.ifindex = socket.if_nametoindex(nic)
        self.object = bpf.Object(object_file("generator"))
        self.loaded: dict[Kind, Loaded] = {}

    def of(self, kind: Kind) -> Loaded:
        """The program that sends packets of a kind."""
        if kind not in self.loaded:
            name = "udp" if kind.what == "udp" else "tcp"
            of = udp_constants if name == "udp" else tcp_constants
            constants, frame = of(self.layout, kind)
            maps = self.object.make_maps()
            program = self.object.load(constants, maps, XDP)[name]
            self.loaded[kind] = Loaded(program, maps["counter"], frame)
        return self.loaded[kind]

    def number_from(self, kind: Kind, number: int) -> None:
        """The next packet of this kind has this number."""
        bpf.write(self.of(kind).counter, 0, struct.pack("=Q", number))

    def send(self, kind: Kind, count: int) -> dict[str, Any]:
        """Sends, and says what it took and how many came back."""
        descriptor, _, frame = self.of(kind)
        came, begun, before = self.sent_back(), time.perf_counter_ns(), scheduled()
        each = send_live(descriptor, frame, self.ifindex, count)
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
    generator = Generator(NIC, frames.read_layout(json.loads(sys.argv[2])))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(generator, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
