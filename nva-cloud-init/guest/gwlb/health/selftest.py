"""The self-test: packets of its own cross both tunnels every second, and never leave the NVA.

Each is a tunnel's packet as the gateway sends it, put on the NIC's way in. Decapsulation, bridge,
rules, guards, encapsulation and whatever else stands in the way are the real ones. It is caught
behind the last rule for outgoing packets (base.rules), and known by a bit of the mark, which no
packet from outside has: no policy judges it, no flow is made of it, no rule counts it.
"""

from __future__ import annotations

import secrets
import socket
import struct
import time

from gwlb import state
from gwlb.base import rules
from gwlb.contract import Mark, Nflog
from gwlb.errors import Failed
from gwlb.netlink import PAYLOAD, listen, packets
from gwlb.process import run, say, supervised
from gwlb.settings import BRIDGE, EXTERNAL, INTERNAL, Settings, Tunnel
from gwlb.system import mac_of

SECONDS = 1.0
# One that does not come is sent again: lost is what none of so many came of.
TRIES, TRY_SECONDS = 5, 0.2
NAMES = {EXTERNAL: "from External to Internal", INTERNAL: "from Internal to External"}
# Discard-only and dummy addresses (RFC 6666, RFC 7600); a protocol for experiments (RFC 3692).
INNER4, INNER6, EXPERIMENT = bytes((192, 0, 0, 8)), bytes((1, 0)) + bytes(13), 253
# On the bridge's way out: what carries the mark is taken, and goes to the NIC's way in.
TAKES, LEAVES = 0xFFFFFFFF, 0
REDIRECT = rules.by_mark(Mark.SELF_TEST, TAKES, LEAVES)
SO_MARK = 36


def prepare(nic: str) -> None:
    """Loads the filter that puts the packets on their way; raises Failed if the kernel lacks it."""
    run(["tc", "qdisc", "replace", "dev", BRIDGE, "clsact"])
    place = f"filter replace dev {BRIDGE} egress protocol all prio 1 handle 1"
    then = f"action mirred ingress redirect dev {nic}"
    run(["tc", "-batch", "-"], f"{place} bpf bytecode '{REDIRECT}' {then}\n")


class SelfTest:
    """Sends in a thread of its own; tells which way no packet comes."""

    def __init__(self, settings: Settings, nic: str, address: str) -> None:
        self._settings, self._nic, self._address = settings, nic, address
        self._secret = secrets.token_bytes(8)
        self._lost: tuple[str, ...] = ()
        self._totals = state.read_json(state.SELF_TEST).get("lost", {})
        self._prepared = False
        self.said = "not begun"

    def start(self) -> None:
        """Begins, and goes on for ever."""
        supervised(self._work)

    def problems(self) -> list[str]:
        """The lost ways; none while no test can be made, for which others give the reason."""
        return [f"self-test: {way}: no packet comes through" for way in self._lost]

    def _work(self) -> None:
        while True:
            begun = time.monotonic()
            try:
                self._lost, said = self._round(), "made"
            except (Failed, OSError) as error:
                self._lost, said, self._prepared = (), f"not made: {error}", False
            if said != self.said:
                say(f"self-test: {said}")
                self.said = said
            for way in self._lost:
                self._totals[way] = self._totals.get(way, 0) + 1
            seen = {"made": said, "now": self._lost, "lost": self._totals}
            state.write_json(state.SELF_TEST, seen)
            time.sleep(max(0.0, SECONDS - (time.monotonic() - begun)))

    def _round(self) -> tuple[str, ...]:
        if rules.problems(("inet",)):
            raise Failed("what catches the packets is not there")
        mac = mac_of(self._nic)
        waiting: dict[bytes, tuple[str, bytes]] = {}
        for tunnel in self._settings.tunnels:
            for family in (4, 6):
                sign = self._secret + struct.pack(">HBB", tunnel.port, family, 0)
                way = f"IPv{family} {NAMES[tunnel.device]}"
                waiting[sign] = way, mac + mac + b"\x08\0" + self._outer(tunnel, family, sign)
        with (
            listen(Nflog.SELF_TEST_GROUP, 160) as caught,
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as link,
        ):
            link.setsockopt(socket.SOL_SOCKET, SO_MARK, Mark.SELF_TEST)
            link.bind((BRIDGE, 0x0800))
            for attempt in range(TRIES):
                if attempt or not self._prepared:
                    prepare(self._nic)
                    self._prepared = True
                for _, frame in waiting.values():
                    link.send(frame)
                end = time.monotonic() + TRY_SECONDS
                while waiting and (left := end - time.monotonic()) > 0:
                    caught.settimeout(left)
                    for found in packets(caught):
                        waiting.pop(found.get(PAYLOAD, b"")[-len(self._secret) - 4 :], None)
                if not waiting:
                    break
        return tuple(way for way, _ in waiting.values())

    def _outer(self, tunnel: Tunnel, family: int, sign: bytes) -> bytes:
        """From the outer IP header on."""
        inner = bytes((2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1))
        if family == 4:
            inner += b"\x08\0" + _ipv4(INNER4, INNER4, EXPERIMENT, sign)
        else:
            inner += b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(sign), EXPERIMENT, 64)
            inner += INNER6 + b"\x01" + INNER6 + b"\x02" + sign
        data = struct.pack(">II", 0x08000000, tunnel.vni << 8) + inner
        udp = struct.pack(">HHHH", 49152, tunnel.port, 8 + len(data), 0) + data
        gateway, own = (socket.inet_aton(text) for text in (self._settings.gateway, self._address))
        return _ipv4(gateway, own, socket.IPPROTO_UDP, udp)


def _ipv4(source: bytes, destination: bytes, protocol: int, data: bytes) -> bytes:
    def header(check: int) -> bytes:
        fields = (0x45, 0, 20 + len(data), 0, 0, 64, protocol, check)
        return struct.pack(">BBHHHBBH", *fields) + source + destination

    total = sum(struct.unpack(">10H", header(0)))
    total = (total & 0xFFFF) + (total >> 16)
    return header(~(total + (total >> 16)) & 0xFFFF) + data
