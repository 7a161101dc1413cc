"""The real kernel's verdicts, through the real guest programs.

Runs on the machine under test and holds sockets in the namespace of its peer, whose devices `ex`
and `in` face the External and the Internal tunnel. Reads one request a line, answers with one:

  {"load": BUNDLE IN BASE64}       {"hash": …} or {"error": …}
  {"forget": true}                 {}: conntrack knows no flow any more
  {"frames": [["ex", HEX], …]}     {"passed": [true, …], "counters": {RULE: PACKETS}}
  {"watch": [["ex", HEX], …]}      {"seen": [{"records": …, "left": …}, …]}
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import re
import socket
import struct
import sys
from typing import Any, Protocol

sys.path.insert(0, sys.argv[1])

kernel: Any = importlib.import_module("gwlb.policy.kernel")
errors: Any = importlib.import_module("gwlb.errors")
bundles: Any = importlib.import_module("gwlb.policy.bundle")

CLONE_NEWNET = 0x40000000
ALL_PROTOCOLS = 3
NETFILTER = 12
SIDES = ("ex", "in")
OTHER = {"ex": "in", "in": "ex"}
# A frame of no protocol that is filtered; what was sent before it has been judged when it arrives.
MARK = bytes.fromhex("020000000002020000000001" + "88b5") + bytes(46)


def enter(netns: str) -> None:
    """Moves this process into a network namespace; sockets stay where they were made."""
    handle = os.open(netns, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {netns}")
    os.close(handle)


def open_sockets(peer: str) -> dict[str, socket.socket]:
    """One raw socket per device of the peer."""
    home = "/proc/self/ns/net"
    handle = os.open(home, os.O_RDONLY)
    enter(f"/run/netns/{peer}")
    sockets = {}
    for side in SIDES:
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        link.bind((side, 0))
        link.settimeout(10)
        sockets[side] = link
    if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns back")
    os.close(handle)
    return sockets


def cross(links: dict[str, socket.socket], side: str, data: bytes) -> list[bytes]:
    """Sends a frame; gives what has left by the other tunnel until it was judged."""
    links[side].send(data)
    links[side].send(MARK)
    arrived = []
    while (got := links[OTHER[side]].recv(65536)) != MARK:
        arrived.append(got)
    return arrived


def send(links: dict[str, socket.socket], frames: list[list[str]]) -> list[bool]:
    """Sends the frames in order; tells for each whether it left by the other tunnel."""
    arrived: set[tuple[str, bytes]] = set()
    sent = []
    for side, text in frames:
        data = bytes.fromhex(text)
        # One at a time: two tunnels' packets may else be judged in another order.
        arrived.update((OTHER[side], got) for got in cross(links, side, data))
        sent.append((OTHER[side], data))
    return [frame in arrived for frame in sent]


class Watch(Protocol):
    """Tells what became of packets (flowWatch.py)."""

    def records(self) -> list[dict[str, Any]]:
        """The packets that were judged since the last call."""
        ...


def start_watch() -> Watch:
    """Loads the rules that watch, in front of the policy's."""
    flow_watch: Any = importlib.import_module("flowWatch")
    for tool in ("iptables", "ip6tables"):
        kernel.run([f"{tool}-restore", "--noflush"], flow_watch.rules(tool))
    kernel.run(["nft", "-f", "-"], flow_watch.FLOWS)
    watch: Watch = flow_watch.Watch()
    return watch


def send_watched(
    links: dict[str, socket.socket], frames: list[list[str]], watch: Watch
) -> dict[str, Any]:
    """By frame, the packets that were judged before the next one was sent, and what has left."""
    seen = []
    for side, text in frames:
        left = cross(links, side, bytes.fromhex(text))
        seen.append({"records": watch.records(), "left": [frame.hex() for frame in left]})
    return {"seen": seen}


def malformed() -> int:
    """Packets that no policy was asked about because of their TCP header."""
    text = kernel.run(["nft", "list", "chain", "inet", "azure_gwlb", "inner"])
    found = re.search(r"counter packets (\d+) .*malformed", text)
    return int(found.group(1)) if found else 0


def forget_flows() -> None:
    """Empties conntrack's table of this namespace (IPCTNL_MSG_CT_DELETE without a flow)."""
    request = struct.pack("=IHHIIBBH", 20, (1 << 8) | 2, 5, 1, 0, 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER) as netlink:
        netlink.send(request)
        netlink.recv(4096)


def answer(
    request: dict[str, Any], links: dict[str, socket.socket], watch: Watch | None
) -> dict[str, Any]:
    """Does what a request asks."""
    if "load" in request:
        try:
            current = kernel.load(bundles.parse_user_data(request["load"]), 0)
            kernel.wait_until_settled()
            kernel.clear_slot(kernel.other(current.slot))
        except errors.Failed as error:
            return {"error": str(error)}
        return {"hash": current.hash}
    if "frames" in request:
        before = malformed()
        passed = send(links, request["frames"])
        counters = {name: counted[0] for name, counted in kernel.counters().items()}
        return {"passed": passed, "counters": {**counters, "malformed": malformed() - before}}
    if "watch" in request and watch is not None:
        return send_watched(links, request["watch"], watch)
    forget_flows()
    return {}


def main() -> None:
    """Answers until its input ends."""
    kernel.SETTLE_SECONDS = float(sys.argv[3])
    links = open_sockets(sys.argv[2])
    watch = start_watch() if "watch" in sys.argv else None
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), links, watch)), flush=True)


if __name__ == "__main__":
    main()
