"""What the programs of this folder do with the system: commands, sysctls, links, events."""

import errno
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gwlb.foreign import ShortError, short
from gwlb.settings import ROOT

SYSCTLS = ROOT / "proc/sys"
# Multicast groups of the kernel's routing messages (linux/rtnetlink.h), as bits.
ROUTE_GROUPS = 0x1 | 0x8 | 0x10 | 0x40  # links, traffic control, IPv4 addresses, IPv4 routes
NETFILTER = 12
RULES_GROUP = 1 << 6  # NFNLGRP_NFTABLES
# Listings of rules, at most, until one is known to be right.
LISTINGS = 3

Json = dict[str, Any]
Answer = TypeVar("Answer")


class Failed(ShortError):
    """Something could not be done; the text is for the journal."""


class TooSlow(Failed):
    """A command did not end in its time: nothing is known, which is not the same as wrong."""


def say(text: str) -> None:
    """One line in the journal."""
    print(text, file=sys.stderr, flush=True)


def supervised(work: Callable[[], None]) -> None:
    """Does what never ends in a thread: if it ends, so does the process, to be started anew.

    A process that lives without one of its threads looks well and does not do its work.
    """

    def run_to_death() -> None:
        try:
            work()
        except BaseException as error:
            say(f"{work.__qualname__}: {type(error).__name__} {short(error)}")
        finally:
            os._exit(1)

    threading.Thread(target=run_to_death, daemon=True).start()


def run(argv: list[str], text: str | None = None, seconds: float = 10) -> str:
    """Runs a command and returns what it printed; raises Failed with what it complained of."""
    try:
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TooSlow(f"{' '.join(argv)}: not done after {seconds:.0f} s") from error
    except OSError as error:
        raise Failed(f"{' '.join(argv)}: {error}") from error
    if done.returncode != 0:
        complaint = done.stderr.strip() or f"exit code {done.returncode}"
        raise Failed(f"{' '.join(argv)}: {complaint}")
    return done.stdout


def ruleset_number() -> int:
    """The number that the kernel raises with every change of any rule in this network namespace."""
    request = struct.pack("=IHHIIBBH", 20, (10 << 8) | 16, 1, 1, 0, 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER) as netlink:
        netlink.settimeout(5)
        netlink.send(request)
        answer = netlink.recv(4096)
    return struct.unpack_from(">I", answer, 24)[0]


def steady(show: Callable[[], Answer], expected: Answer | None = None) -> Answer:
    """What a tool lists, asked again if it is not as expected and rules changed meanwhile.

    The tools can list wrongly while any rule changes, and say that all went well.
    """
    for _ in range(LISTINGS - 1):
        number = ruleset_number()
        try:
            answer = show()
        except TooSlow:
            raise
        except Failed:
            if ruleset_number() == number:
                raise
            continue
        if answer == expected or ruleset_number() == number:
            return answer
    return show()


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
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
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
