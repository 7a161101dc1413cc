"""Messages to the kernel and from it (netlink), and the packets that rules log, by it (NFLOG).

Constants: linux/netlink.h, linux/netfilter/nfnetlink.h and nfnetlink_log.h. NFLOG works in every
network namespace, where the kernel's own log does not.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

NETFILTER = 12  # NETLINK_NETFILTER
REQUEST, ACK, DUMP = 1, 4, 0x300
ERROR, DONE = 2, 3
NESTED = 0x8000  # NLA_F_NESTED
SUBSYSTEM = 4 << 8  # NFNL_SUBSYS_ULOG
CONFIG, PACKET = SUBSYSTEM | 1, SUBSYSTEM
CFG_CMD, CFG_MODE, CFG_TIMEOUT, CFG_QTHRESH = 1, 2, 4, 5
BIND, COPY_PACKET = 1, 2
MARK, TIMESTAMP, PHYSINDEV, PAYLOAD, PREFIX = 2, 3, 6, 9, 10
# Gathers records for a tenth of a second, or sixty-four of them, before it wakes us up.
TIMEOUT_HUNDREDTHS, GATHERED = 10, 64
RECEIVE_BYTES = 4 << 20


def opened(family: int) -> socket.socket:
    """A socket of one of the kernel's parts."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)


def message(kind: int, flags: int, body: bytes) -> bytes:
    """A request."""
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body


def about(family: int = 0, resource: int = 0) -> bytes:
    """The head of a message to netfilter."""
    return struct.pack(">BBH", family, 0, resource)


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each message in what a socket received."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if length < 16:
            return
        yield kind, data[at + 16 : at + length]
        at += length + -length % 4


def check_acknowledged(link: socket.socket) -> None:
    """Raises the kernel's refusal; a packet may come before the answer and is let go."""
    while True:
        for kind, body in messages(link.recv(65536)):
            if kind == ERROR:  # carries the answer
                code = -struct.unpack_from("=i", body)[0]
                if code:
                    raise OSError(code, os.strerror(code))
                return


def attribute(kind: int, data: bytes) -> bytes:
    """One netlink attribute, padded to four bytes."""
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def listen(group: int, copy_bytes: int) -> socket.socket:
    """A socket that gets the packets of an NFLOG group."""
    link = opened(NETFILTER)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    for part in (
        attribute(CFG_CMD, struct.pack("B", BIND)),
        attribute(CFG_MODE, struct.pack(">IBB", copy_bytes, COPY_PACKET, 0)),
        attribute(CFG_TIMEOUT, struct.pack(">I", TIMEOUT_HUNDREDTHS)),
        attribute(CFG_QTHRESH, struct.pack(">I", GATHERED)),
    ):
        link.send(message(CONFIG, REQUEST | ACK, about(resource=group) + part))
        check_acknowledged(link)
    return link


def packets(link: socket.socket) -> Iterator[dict[int, bytes]]:
    """The attributes of each packet that has come; waits as long as the socket's time limit."""
    try:
        data = link.recv(1 << 18)
    except socket.timeout:
        return
    except OSError as error:
        # More than the buffer holds: what is lost was not written, and is counted so.
        if error.errno == errno.ENOBUFS:
            return
        raise
    for kind, body in messages(data):
        if kind == PACKET:
            yield attributes(body[4:])


def attributes(data: bytes) -> dict[int, bytes]:
    """Attributes by kind."""
    return {kind: data[at:end] for kind, (at, end) in spans(data, 0, len(data)).items()}


def spans(data: bytes, at: int, end: int) -> dict[int, tuple[int, int]]:
    """Where the value of each attribute between two places begins and ends, by kind."""
    found: dict[int, tuple[int, int]] = {}
    while at + 4 <= end:
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = at + 4, at + length
        at += length + -length % 4
    return found
