"""The bench on a user's own host, with nothing but the standard library.

Reads one JSON request a line and answers each with one; `do` is one of

  connect    `count` TCP connects `to` an address and `port`, one after another
  datagrams  UDP of `size` bytes inside IP `to` an address and `port`, as fast as it goes, for
             `seconds`
  counters   of the NVA: packets by tunnel, flows known, processor time used; needs no root
  watch      of the NVA: begins to note when packets of TCP `port` cross the tunnels; needs root
  seen       what `watch` noted, as nanoseconds that handshakes spent between the tunnels
  inject     of the NVA: ready-made packets, as `packets` says below `what`; needs root
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connect import handshakes
from frames import Layout, Tunnel
from loader import contract
from packets import Generator, answer

TUNNELS = (contract.Device.EXTERNAL, contract.Device.INTERNAL)
SETTINGS = Path(contract.SETTINGS_FILE)
CONNECT_SECONDS = 5
SO_TIMESTAMPNS = 35
ALL_PROTOCOLS = 3
BATCH = 64
SYN, ACK = 0x02, 0x10
# Bytes that UDP puts around a packet's payload.
HEADERS = 28

Answer = dict[str, Any]


class Iovec(ctypes.Structure):
    """struct iovec of sys/uio.h."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Header(ctypes.Structure):
    """struct msghdr of sys/socket.h."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(Iovec)),
        ("vectors_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("header", Header), ("length", ctypes.c_uint))


def connect(request: Answer) -> Answer:
    """Nanoseconds of each connect."""
    where = (request["to"], request["port"])
    return {"nanoseconds": handshakes(where, request["count"], CONNECT_SECONDS)}


def datagrams(request: Answer) -> Answer:
    """Sends as fast as one processor can."""
    payload = ctypes.create_string_buffer(request["size"] - HEADERS)
    vector = Iovec(ctypes.addressof(payload), len(payload))
    messages = (Message * BATCH)()
    for message in messages:
        message.header.vectors, message.header.vectors_length = ctypes.pointer(vector), 1
    send = ctypes.CDLL(None, use_errno=True).sendmmsg
    sent, end = 0, time.monotonic() + request["seconds"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.connect((request["to"], request["port"]))
        while time.monotonic() < end:
            # A full queue, or nobody at the port: what did not go out is not counted.
            sent += max(0, int(send(link.fileno(), messages, BATCH, 0)))
    return {"sent": sent}


def counters(_: Answer) -> Answer:
    """Of the NVA as it is now."""
    busy = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, softirq = busy[:7]
    flows = Path("/proc/sys/net/netfilter/nf_conntrack_count")
    ticks = user + nice + system + irq + softirq
    return {
        "packets": {device: received(device) for device in TUNNELS},
        "flows": int(flows.read_text()) if flows.exists() else 0,
        "processorSeconds": ticks / os.sysconf("SC_CLK_TCK"),
        "processors": os.cpu_count(),
    }


def received(device: str) -> int:
    """Packets that came by a tunnel and that it sent on."""
    folder = Path(f"/sys/class/net/{device}/statistics")
    if not folder.exists():
        raise OSError(f"no device {device}: this host is no NVA of the reference layout")
    return int((folder / "tx_packets").read_text())


class Watch:
    """When packets of one port cross the tunnels."""

    def __init__(self, port: int) -> None:
        """Begins."""
        self.port, self.stopped = port, False
        self.seen: dict[str, dict[tuple[bytes, int, bool], int]] = {name: {} for name in TUNNELS}
        self.threads = [threading.Thread(target=self.look, args=(name,)) for name in TUNNELS]
        self.links = {name: self.listen(name) for name in TUNNELS}
        for thread in self.threads:
            thread.start()

    @staticmethod
    def listen(device: str) -> socket.socket:
        """A socket that sees what a device receives and sends, with the kernel's time."""
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        link.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        link.bind((device, 0))
        link.settimeout(0.2)
        return link

    def look(self, device: str) -> None:
        """Notes the first sighting of each SYN and its answer."""
        link, seen = self.links[device], self.seen[device]
        while not self.stopped:
            try:
                data, extra, _, _ = link.recvmsg(128, 64)
            except TimeoutError:
                continue
            key = self.key_of(data)
            if key is not None and extra:
                seconds, nano = struct.unpack_from("=qq", extra[0][2])
                seen.setdefault(key, seconds * 1_000_000_000 + nano)

    def key_of(self, frame: bytes) -> tuple[bytes, int, bool] | None:
        """The client's end and first sequence number; None for what is no part of a handshake."""
        packet = frame[14:]
        if frame[12:14] != b"\x08\x00" or len(packet) < 40 or packet[9] != socket.IPPROTO_TCP:
            return None
        tcp = packet[(packet[0] & 15) * 4 :]
        near, far, sequence, acknowledged = struct.unpack_from(">HHII", tcp)
        back = bool(tcp[13] & ACK)
        if not tcp[13] & SYN or (near if back else far) != self.port:
            return None
        client = packet[16:20] + tcp[2:4] if back else packet[12:16] + tcp[0:2]
        return client, (acknowledged - 1) & 0xFFFFFFFF if back else sequence, back

    def transits(self) -> list[int]:
        """Ends the watch: nanoseconds of each handshake that was seen four times."""
        time.sleep(0.3)
        self.stopped = True
        for thread in self.threads:
            thread.join()
        outside, inside = (self.seen[name] for name in TUNNELS)
        found = []
        for (client, sequence, back), came in outside.items():
            answer_key = (client, sequence, True)
            if back or answer_key not in outside or answer_key not in inside:
                continue
            went = inside.get((client, sequence, False))
            if went is not None:
                found.append(went - came + outside[answer_key] - inside[answer_key])
        return found


def ip(*words: str) -> list[dict[str, Any]]:
    """Output of `ip -json`."""
    done = subprocess.run(["ip", "-json", *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout or "[]")


def layout_here() -> tuple[str, Layout]:
    """The NIC and the layout of this NVA, by its settings file and the kernel."""
    told = json.loads(SETTINGS.read_text(encoding="utf-8"))
    route = ip("route", "get", told["gatewayAddress"])[0]
    nic = route["dev"]
    own = ip("link", "show", "dev", nic)[0]["address"]
    hop = route.get("gateway", told["gatewayAddress"])
    near = [entry for entry in ip("neigh", "show", hop, "dev", nic) if "lladdr" in entry]
    if not near:
        raise OSError(f"the NVA does not know the hardware address of {hop} yet")
    tunnels = [Tunnel(told[name]["vni"], told[name]["port"]) for name in ("internal", "external")]
    ends = (told["gatewayAddress"], near[0]["lladdr"], route["prefsrc"], own)
    return nic, Layout(*ends, *tunnels)


class Agent:
    """Answers requests."""

    def __init__(self) -> None:
        """Nothing is begun yet."""
        self.watch: Watch | None = None
        self.generator: Generator | None = None

    def inject(self, request: Answer) -> Answer:
        """Ready-made packets on this host's NIC."""
        if self.generator is None:
            self.generator = Generator(*layout_here())
        return answer(self.generator, {**request, "do": request["what"]})

    def begin(self, request: Answer) -> Answer:
        """Begins to note handshakes."""
        self.watch = Watch(request["port"])
        return {}

    def seen(self, _: Answer) -> Answer:
        """Transits that were noted."""
        return {"nanoseconds": self.watch.transits() if self.watch else []}

    def answer(self, request: Answer) -> Answer:
        """Does what a request asks; what the system refuses is an answer, too."""
        acts: dict[str, Callable[[Answer], Answer]] = {
            "connect": connect,
            "datagrams": datagrams,
            "counters": counters,
            "watch": self.begin,
            "seen": self.seen,
            "inject": self.inject,
        }
        try:
            return acts[request["do"]](request)
        except (OSError, KeyError, subprocess.CalledProcessError) as error:
            return {"error": f"{request['do']}: {error}"}


def main() -> None:
    """Answers until its input ends."""
    agent = Agent()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(agent.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
