"""Times TCP handshakes: `handshakes.py serve ADDRESS`, `handshakes.py connect ADDRESS COUNT`.

Prints the median and the 99th percentile in microseconds.
"""

from __future__ import annotations

import socket
import sys
import time

PORT = 8080


def serve(address: str) -> None:
    """Accepts and closes for ever."""
    with socket.create_server((address, PORT), backlog=4096) as server:
        print("ready", flush=True)
        while True:
            server.accept()[0].close()


def connect(address: str, count: int) -> None:
    """Connects one after another."""
    took = []
    for _ in range(count):
        with socket.socket() as link:
            # Ends with a reset: no port waits for its turn.
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            begin = time.perf_counter_ns()
            link.connect((address, PORT))
            took.append(time.perf_counter_ns() - begin)
    took.sort()
    print(took[count // 2] / 1000, took[count * 99 // 100] / 1000)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        connect(sys.argv[2], int(sys.argv[3]))
