"""Times TCP handshakes between two network namespaces: `connect.py CPU CLIENT SERVER ADDRESS PORT`.

Reads `{"count": N}` a line and answers `{"nanoseconds": […], "wall": …, "ran": …, "waited": …}`.
Both ends are here, on one processor: the kernel answers a SYN where it arrives, so that nobody
has to be woken up in the middle of a handshake, and what is measured is the way alone.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

CLONE_NEWNET = 0x40000000
BACKLOG = 8192
# SO_LINGER with no time: ends with a reset, and no port waits for its turn.
RESET = b"\1\0\0\0\0\0\0\0"


def enter(netns: str) -> None:
    """Moves this process into a network namespace; sockets stay where they were made."""
    handle = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {netns}")
    os.close(handle)


def scheduled() -> tuple[int, int]:
    """Nanoseconds that this thread has run, and that it was ready and could not."""
    ran, waited, _ = Path("/proc/thread-self/schedstat").read_text().split()
    return int(ran), int(waited)


def handshakes(address: tuple[str, int], count: int, seconds: float | None = None) -> list[int]:
    """Nanoseconds of connects, one after another; each within so many seconds, or OSError."""
    took = []
    for _ in range(count):
        with socket.socket() as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            link.settimeout(seconds)
            begun = time.perf_counter_ns()
            link.connect(address)
            took.append(time.perf_counter_ns() - begun)
    return took


def main() -> None:
    """Answers until its input ends."""
    cpu, client, server, address, port = sys.argv[1:]
    os.sched_setaffinity(0, {int(cpu)})
    enter(server)
    Path("/proc/sys/net/core/somaxconn").write_text(str(BACKLOG))
    where = (address, int(port))
    with socket.create_server(where, backlog=BACKLOG) as listener:
        listener.setblocking(False)
        enter(client)
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            before, begun = scheduled(), time.perf_counter_ns()
            took = handshakes(where, json.loads(line)["count"])
            ended, after = time.perf_counter_ns(), scheduled()
            accept_all(listener)
            found: dict[str, Any] = {"nanoseconds": took, "wall": ended - begun}
            found |= {"ran": after[0] - before[0], "waited": after[1] - before[1]}
            print(json.dumps(found), flush=True)


def accept_all(listener: socket.socket) -> None:
    """Takes what has come and forgets it."""
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return


if __name__ == "__main__":
    main()
