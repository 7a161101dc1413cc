"""A steady flow to a UDP echo: `udpStream.py SOURCE ADDRESS PORT PER_SECOND`.

Sends numbered packets until its input ends, waits a second for the last answers, and prints
{"sent", "answered"} as JSON. Nobody sends a lost packet again.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time


def main() -> None:
    """Sends and counts."""
    source, address, port, rate = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    link.bind((source, 0))
    link.connect((address, port))
    link.settimeout(1)
    answered: set[int] = set()
    ended = threading.Event()

    def hear() -> None:
        while True:
            try:
                answered.add(struct.unpack(">I", link.recv(64)[:4])[0])
            except TimeoutError:
                if ended.is_set():
                    return
            except OSError:
                continue

    listener = threading.Thread(target=hear)
    listener.start()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    sent, begin = 0, time.monotonic()
    while not ended.is_set():
        while sent < (time.monotonic() - begin) * rate:
            link.send(struct.pack(">I", sent))
            sent += 1
        time.sleep(0.002)
    listener.join()
    print(json.dumps({"sent": sent, "answered": len(answered)}))


if __name__ == "__main__":
    main()
