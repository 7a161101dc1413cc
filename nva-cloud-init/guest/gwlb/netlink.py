"""The kernel's side of records: NFLOG messages over netlink, with the standard library alone.

Constants: linux/netfilter/nfnetlink.h and nfnetlink_log.h. NFLOG works in every network namespace,
where the kernel's own log does not.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator

NETLINK_NETFILTER = 12
SUBSYSTEM = 4 << 8  # NFNL_SUBSYS_ULOG
CONFIG, PACKET = SUBSYSTEM | 1, SUBSYSTEM
REQUEST_ACK = 1 | 4
CFG_CMD, CFG_MODE, CFG_TIMEOUT, CFG_QTHRESH = 1, 2, 4, 5
BIND, COPY_PACKET = 1, 2
MARK, TIMESTAMP, PHYSINDEV, PAYLOAD, PREFIX = 2, 3, 6, 9, 10
# Gathers records for a tenth of a second, or sixty-four of them, before it wakes us up.
TIMEOUT_HUNDREDTHS, GATHERED = 10, 64
RECEIVE_BYTES = 4 << 20


def attribute(kind: int, data: bytes) -> bytes:
    """One netlink attribute, padded to four bytes."""
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def listen(group: int, copy_bytes: int) -> socket.socket:
    """A socket that gets the packets of an NFLOG group."""
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    for part in (
        attribute(CFG_CMD, struct.pack("B", BIND)),
        attribute(CFG_MODE, struct.pack(">IBB", copy_bytes, COPY_PACKET, 0)),
        attribute(CFG_TIMEOUT, struct.pack(">I", TIMEOUT_HUNDREDTHS)),
        attribute(CFG_QTHRESH, struct.pack(">I", GATHERED)),
    ):
        body = struct.pack(">BBH", 0, 0, group) + part
        link.send(struct.pack("=IHHII", 16 + len(body), CONFIG, REQUEST_ACK, 0, 0) + body)
        check_acknowledged(link)
    return link


def check_acknowledged(link: socket.socket) -> None:
    """Raises the kernel's refusal; a packet may come before the answer and is let go."""
    while True:
        data = link.recv(65536)
        if struct.unpack_from("=H", data, 4)[0] == 2:  # NLMSG_ERROR carries the answer
            code = -struct.unpack_from("=i", data, 16)[0]
            if code:
                raise OSError(code, f"NFLOG: {errno.errorcode.get(code, code)}")
            return


def packets(link: socket.socket) -> Iterator[dict[int, bytes]]:
    """The attributes of each packet that has come; waits as long as the socket's time limit."""
    try:
        data = link.recv(1 << 18)
    except TimeoutError:
        return
    except OSError as error:
        # More than the buffer holds: what is lost was not written, and is counted so.
        if error.errno == errno.ENOBUFS:
            return
        raise
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if length < 16:
            return
        if kind == PACKET:
            yield attributes(data[at + 20 : at + length])
        at += length + -length % 4


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
