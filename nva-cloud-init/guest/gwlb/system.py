"""The system as programs see and change it: sysctls, links, events, kernel modules."""

from __future__ import annotations

import errno
import json
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from gwlb.errors import Failed
from gwlb.netlink import NETFILTER, opened
from gwlb.process import run, say
from gwlb.ruleset import RULES_GROUP
from gwlb.state import ROOT, Json

SYSCTLS = ROOT / "proc/sys"
# Multicast groups of the kernel's routing messages (linux/rtnetlink.h), as bits.
ROUTE_GROUPS = 0x1 | 0x8 | 0x10 | 0x40  # links, traffic control, IPv4 addresses, IPv4 routes

Answer = TypeVar("Answer")


def ip_json(*words: str) -> list[Json]:
    """What `ip -json` says, as a list of objects."""
    return json.loads(run(["ip", "-json", *words]) or "[]")


def links() -> dict[str, Json]:
    """Every network device with its details, by name."""
    found = ip_json("-details", "link", "show")
    return {link["ifname"]: link for link in found if "ifname" in link}


def outward_device() -> str | None:
    """The device of the default route: the NIC, whatever it is called on this hardware."""
    routes = [route for route in ip_json("-4", "route", "show", "default") if "dev" in route]
    routes.sort(key=lambda route: int(route.get("metric", 0)))
    return routes[0]["dev"] if routes else None


def address_of(device: str) -> str | None:
    """First IPv4 address of a device."""
    for entry in ip_json("-4", "address", "show", "dev", device):
        for info in entry.get("addr_info", []):
            return info["local"]
    return None


def mac_of(device: str) -> bytes:
    """MAC address of a device; raises Failed where there is none."""
    try:
        text = (ROOT / "sys/class/net" / device / "address").read_text(encoding="ascii")
    except OSError as error:
        raise Failed(f"{device}: {error.strerror}") from error
    return bytes.fromhex(text.strip().replace(":", ""))


def sysctl(name: str) -> str | None:
    """Value of a sysctl by its path, e.g. net/ipv4/ip_forward; None where the kernel has none."""
    try:
        return (SYSCTLS / name).read_text(encoding="ascii").strip()
    except OSError:
        return None


def set_sysctl(name: str, value: str) -> None:
    """Writes a sysctl unless it has the value already; raises Failed if it does not take it."""
    if sysctl(name) == value:
        return
    try:
        (SYSCTLS / name).write_text(value, encoding="ascii")
    except OSError as error:
        raise Failed(f"{name.replace('/', '.')}={value}: {error.strerror}") from error
    if sysctl(name) != value:
        raise Failed(f"{name.replace('/', '.')} stays {sysctl(name)}, wanted {value}")


class Events:
    """Tells that links, addresses, routes (and rules) changed; what changed is for others.

    `also`: sockets that do not block, where something to read is an event, too.
    """

    def __init__(self, rules: bool = False, also: Sequence[socket.socket] = ()) -> None:
        self._sockets = [_listen(socket.NETLINK_ROUTE, ROUTE_GROUPS), *also]
        if rules:
            self._sockets.append(_listen(NETFILTER, RULES_GROUP))

    def wait(self, seconds: float) -> bool:
        """True if something changed since the last call, False after that many seconds."""
        ready, _, _ = select.select(self._sockets, [], [], max(0.0, seconds))
        for sock in ready:
            _drain(sock)
        return bool(ready)


def wait_for(what: str, look: Callable[[], Answer | None], seconds: float) -> Answer:
    """Looks now and after every event until there is an answer; raises Failed after a time."""
    events = Events()
    end = time.monotonic() + seconds
    while True:
        answer = look()
        if answer is not None:
            return answer
        left = end - time.monotonic()
        if left <= 0:
            raise Failed(f"no {what} after {seconds:.0f} s")
        # An event can be missed when the socket's buffer is full: look every second in any case.
        events.wait(min(left, 1.0))


def modprobe(module: str) -> None:
    """Loads a module; says why it cannot be loaded, which facts decide about later.

    A module that is built into the kernel, or a machine without any, is no news: modprobe is quiet.
    """
    try:
        run(["modprobe", "--quiet", module])
    except Failed as error:
        if not str(error).endswith("exit code 1"):
            say(str(error))


def _listen(family: int, groups: int) -> socket.socket:
    sock = opened(family)
    sock.bind((0, groups))
    sock.setblocking(False)
    return sock


def _drain(sock: socket.socket) -> None:
    while True:
        try:
            sock.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            # ENOBUFS: events were lost, which is itself a reason to look.
            if error.errno != errno.ENOBUFS:
                raise
