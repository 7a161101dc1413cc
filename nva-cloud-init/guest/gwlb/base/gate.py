"""Whether packets may cross the bridge: closed and opened in one step, which starts no program.

A port of the bridge that is disabled passes nothing in either direction, from the call on; the
tunnel stays as it is, so that opening it loses no more than the time in between.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from gwlb import fastpath, netlink
from gwlb.errors import Failed
from gwlb.policy.agent import difference
from gwlb.policy.kernel import in_force
from gwlb.process import run, say
from gwlb.ruleset import policy_changes
from gwlb.settings import Settings
from gwlb.state import FINGERPRINT, alone, being_loaded, read_json

# linux/rtnetlink.h, linux/if_link.h, linux/if_bridge.h.
SET_LINK = 19
PROTINFO, PORT_STATE = 12, 1
DISABLED, FORWARDING = 0, 3


class Gate:
    """The tunnels' ports, and the fast path. One thread watches what another thread verifies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        # An earlier guard may have closed either.
        self.closed = self._fast_closed = True
        self._suspect = False
        # How often it was closed: who opens it has looked since the last time.
        self.count = 0
        self.wake = threading.Event()

    def close(self) -> None:
        """There is a hole: nothing passes from now on."""
        with self._lock:
            self._shut()
            fastpath.close()
            self._fast_closed = True

    def watch(self) -> None:
        """Closes at once when another program changes the policy's rules; never ends."""
        for number in policy_changes():
            if is_foreign(number):
                with self._lock:
                    self._shut()
                    self._suspect = True
                self.wake.set()
                say("another program changed the policy's rules: closed until they are whole")

    def open_again(self, count: int) -> bool:
        """Opens unless it was closed since; True if it does. The fast path follows later."""
        # That a policy is being loaded says nothing about the rules until it is.
        if self._suspect and (being_loaded() or difference(read_json(FINGERPRINT))):
            return False
        with self._lock:
            if self.count != count:
                return False
            for tunnel in self._settings.tunnels:
                # One that is down, or not made yet, opens when it comes up.
                with contextlib.suppress(OSError):
                    _set(tunnel.device, FORWARDING)
            self.closed = self._suspect = False
        return True

    def open_fast_path(self) -> None:
        """While the agent loads a policy, it is the one to open that."""
        if not self._fast_closed or being_loaded():
            return
        try:
            with alone():
                current = in_force()
                fastpath.set_generation(current.generation if current else 0)
            self._fast_closed = False
        except Failed as error:
            say(f"fast path not opened: {error}")

    def _shut(self) -> None:
        self.count += 1
        self.closed = True
        for tunnel in self._settings.tunnels:
            try:
                _set(tunnel.device, DISABLED)
            except OSError as error:
                say(f"{tunnel.device}: not closed as a port: {error.strerror}")
                _down(tunnel.device)


def is_foreign(number: int) -> bool:
    """True if a change of rules with this number was not the agent's."""
    if being_loaded():
        return False
    # Read after the lock: the agent writes what its last change made of the rules before it ends.
    known = read_json(FINGERPRINT).get("number")
    return not isinstance(known, int) or 0 < (number - known) % (1 << 32) < 1 << 31


def _down(device: str) -> None:
    try:
        run(["ip", "link", "set", device, "down"])
    except Failed as error:
        if "Cannot find device" not in str(error):
            say(str(error))


def _set(device: str, state: int) -> None:
    port = netlink.attribute(PORT_STATE, bytes([state]))
    body = struct.pack("=BxHiII", socket.AF_BRIDGE, 0, socket.if_nametoindex(device), 0, 0)
    body += netlink.attribute(PROTINFO | netlink.NESTED, port)
    with netlink.opened(socket.NETLINK_ROUTE) as link:
        link.send(netlink.message(SET_LINK, netlink.REQUEST | netlink.ACK, body))
        netlink.check_acknowledged(link)
