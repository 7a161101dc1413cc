"""Verdicts of the rules and entries of conntrack for each packet, told by the kernel itself.

Two records for each packet, through NFLOG: one by a rule that notes the number of the entry in
conntrack that the packet has made or matched, one by a rule of iptables, named by what matches. The
second carries the packet as it is judged.
"""

from __future__ import annotations

import errno
import importlib
import struct
from collections.abc import Iterator
from typing import Any

contract: Any = importlib.import_module("gwlb.contract")
nflog: Any = importlib.import_module("gwlb.netlink")

GROUP, MOST = 77, 0xFFFF
# linux/netfilter/nfnetlink_log.h
CFG_QTHRESH = 5
MARK, PAYLOAD, PREFIX = 2, 9, 10
# linux/netfilter/nfnetlink_conntrack.h
DUMP = (1 << 8) | 1
TUPLE, FLOW_ID, TUPLE_IP, TUPLE_PROTO = 1, 12, 1, 2
NUMBER, SOURCE_PORT, DESTINATION_PORT = 1, 2, 3
# Type, code and identifier of ICMP, and of ICMPv6.
ICMP = ((5, 6, 4), (8, 9, 7))

# In front of the policy's own hook, which sets the whole mark.
FLOWS = f"""table inet watch {{
  chain flows {{
    type filter hook forward priority -10; policy accept;
    meta mark set ct id log prefix "flow" group {GROUP} meta mark set 0
  }}
}}
"""
RULES = """*filter
:WATCH - [0:0]
{chains}
-I FORWARD -j WATCH
{rules}
COMMIT
"""


def rules(tool: str) -> str:
    """Input for iptables-restore: one record for each packet, named by the rule that matches."""
    icmp = "icmp" if tool == "iptables" else "ipv6-icmp"
    matches = {
        "tcp/22": "-p tcp -m tcp --dport 22",
        "tcp": "-p tcp",
        "udp/22": "-p udp -m udp --dport 22",
        "udp": "-p udp",
        "icmp": f"-p {icmp}",
        "ah": "-p ah",
        "other": "",
    }
    chains = [f":WATCH-{name} - [0:0]" for name in matches]
    lines = [f"-A WATCH {match} -g WATCH-{name}" for name, match in matches.items()]
    log = f"-j NFLOG --nflog-group {GROUP} --nflog-size {MOST} --nflog-prefix"
    lines += [f"-A WATCH-{name} {log} {name}" for name in matches]
    return RULES.format(chains="\n".join(chains), rules="\n".join(lines))


class Watch:
    """Gathers the records; its rules must be loaded before packets come."""

    def __init__(self) -> None:
        self.link = nflog.listen(GROUP, MOST)
        part = nflog.attribute(CFG_QTHRESH, struct.pack(">I", 1))
        body = nflog.about(resource=GROUP) + part
        self.link.send(nflog.message(nflog.CONFIG, nflog.REQUEST | nflog.ACK, body))
        nflog.check_acknowledged(self.link)
        self.link.setblocking(False)
        self.table = nflog.opened(nflog.NETFILTER)
        self.flows: dict[int, dict[str, Any]] = {}

    def records(self) -> list[dict[str, Any]]:
        """The packets that were judged since the last call."""
        found = []
        flow = None
        for record in self._come():
            mark = struct.unpack(">I", record.get(MARK, bytes(4)))[0]
            judged = record[PREFIX].rstrip(b"\0").decode()
            if judged == "flow":
                flow = mark
                continue
            filed = self._flow(flow) if flow is not None else None
            packet, taken = record[PAYLOAD].hex(), bool(mark & contract.Mark.TAKEN)
            found.append({"packet": packet, "taken": taken, "judged": judged, "flow": filed})
            flow = None
        return found

    def _come(self) -> Iterator[dict[int, bytes]]:
        try:
            while True:
                yield from nflog.packets(self.link)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise

    def _flow(self, number: int) -> dict[str, Any] | None:
        """An entry by its number; None if it is gone with the packet that was to make it."""
        if number not in self.flows:
            self.flows = dict(self._dump())
        return self.flows.get(number)

    def _dump(self) -> Iterator[tuple[int, dict[str, Any]]]:
        self.table.send(nflog.message(DUMP, nflog.REQUEST | nflog.DUMP, nflog.about()))
        while True:
            for kind, body in nflog.messages(self.table.recv(1 << 20)):
                if kind == nflog.DONE:
                    return
                entry = nflog.attributes(body[4:])
                yield struct.unpack("=I", entry[FLOW_ID])[0], ends(nflog.attributes(entry[TUPLE]))


def ends(flow: dict[int, bytes]) -> dict[str, Any]:
    """Protocol, addresses, ports or ICMP's fields of the direction that was seen first."""
    protocol = nflog.attributes(flow[TUPLE_PROTO])
    source, destination = (data for _, data in sorted(nflog.attributes(flow[TUPLE_IP]).items()))
    ports = [number(protocol.get(kind)) for kind in (SOURCE_PORT, DESTINATION_PORT)]
    icmp = [[number(protocol[kind]) for kind in kinds] for kinds in ICMP if kinds[0] in protocol]
    return {
        "family": 4 if len(source) == 4 else 6,
        "protocol": protocol[NUMBER][0],
        "source": [source.hex(), ports[0]],
        "destination": [destination.hex(), ports[1]],
        "icmp": icmp[0] if icmp else None,
    }


def number(data: bytes | None) -> int | None:
    """A number of one or two bytes; an attribute has only those."""
    return None if data is None else int.from_bytes(data, "big")
