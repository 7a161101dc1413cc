"""Closes and opens the tunnels in one step: as ports of the bridge, which takes no program to run.

A port that is disabled passes nothing in either direction, from the call on; the tunnel stays as
it is, so that opening it loses no more than the time in between.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct

from gwlb_settings import Settings
from gwlb_system import Failed, run, say

# linux/rtnetlink.h, linux/if_link.h, linux/if_bridge.h.
SET_LINK, REQUEST_ACK, NESTED = 19, 5, 0x8000
PROTINFO, PORT_STATE = 12, 1
DISABLED, FORWARDING = 0, 3


def close(settings: Settings) -> None:
    """No packet crosses the bridge any more; a tunnel that is no port of it is taken down."""
    for tunnel in settings.tunnels:
        try:
            _set(tunnel.device, DISABLED)
        except OSError as error:
            say(f"{tunnel.device}: not closed as a port: {error.strerror}")
            _down(tunnel.device)


def open_again(settings: Settings) -> None:
    """Packets cross the bridge again, by tunnels that are up; another opens when it comes up."""
    for tunnel in settings.tunnels:
        with contextlib.suppress(OSError):
            _set(tunnel.device, FORWARDING)


def _down(device: str) -> None:
    try:
        run(["ip", "link", "set", device, "down"])
    except Failed as error:
        if "Cannot find device" not in str(error):
            say(str(error))


def _set(device: str, state: int) -> None:
    port = struct.pack("=HHHHB3x", 12, PROTINFO | NESTED, 5, PORT_STATE, state)
    link = struct.pack("=BxHiII", socket.AF_BRIDGE, 0, socket.if_nametoindex(device), 0, 0) + port
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.send(struct.pack("=IHHII", 16 + len(link), SET_LINK, REQUEST_ACK, 0, 0) + link)
        code = -struct.unpack_from("=i", netlink.recv(4096), 16)[0]
    if code:
        raise OSError(code, os.strerror(code))
