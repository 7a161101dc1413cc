"""Traffic for the proof: one act per run, one JSON object on stdout.

Runs wherever python3 is, on the internet host or in a VM, as `python3 - ACT ...` with this text
on stdin. Exit code 0 means that the act was done and the JSON says what was seen; that nothing
answered is a result, not an error.
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import select
import socket
import struct
import sys
import time
from typing import Any

# struct tcp_info of linux/tcp.h: tcpi_total_retrans follows 8 bytes and 23 words.
TOTAL_RETRANS = 8 + 23 * 4
ECHO_REQUEST = 8
ECHO_REPLY = 0

Result = dict[str, Any]


def tcp(source: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.bind((source, 0))
    return one


def knock(a: argparse.Namespace) -> Result:
    """Begins handshakes side by side and waits; says how many SYNs left and how many got through.

    An answer with RST counts as one: somebody was reached.
    """
    poller = select.poll()
    waiting: dict[int, socket.socket] = {}
    for _ in range(a.count):
        one = tcp(a.source)
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            one.connect((a.to, a.port))
        waiting[one.fileno()] = one
        poller.register(one, select.POLLOUT)
    sockets = list(waiting.values())
    ports = [one.getsockname()[1] for one in sockets]
    answered = 0
    until = time.monotonic() + a.seconds
    while waiting and (left := until - time.monotonic()) > 0:
        for number, _ in poller.poll(left * 1000):
            poller.unregister(waiting.pop(number))
            answered += 1
    syns = 0
    for one in sockets:
        info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        syns += 1 + struct.unpack_from("=I", info, TOTAL_RETRANS)[0]
        one.close()
    return {"sent": syns, "answered": answered, "ports": ports}


def banner(a: argparse.Namespace) -> Result:
    """The first line that a server sends by itself, as SSH does."""
    with tcp(a.source) as one:
        one.settimeout(a.seconds)
        one.connect((a.to, a.port))
        return {"text": one.makefile("rb").readline(256).decode("ascii", "replace").strip()}


def fetch(a: argparse.Namespace) -> Result:
    """One HTTP exchange; a body to send is random, `sha256` is of what came, `sentSha256` of it."""
    sent = os.urandom(a.size) if a.size else None
    connection = http.client.HTTPConnection(
        a.to, a.port, timeout=a.seconds, source_address=(a.source, 0)
    )
    with contextlib.closing(connection):
        connection.request(a.method, a.path, body=sent)
        answer = connection.getresponse()
        digest, length, head = hashlib.sha256(), 0, b""
        while piece := answer.read(1 << 16):
            digest.update(piece)
            length += len(piece)
            head = (head + piece)[:200]
        return {
            "status": answer.status,
            "bytes": length,
            "sha256": digest.hexdigest(),
            "sentSha256": hashlib.sha256(sent or b"").hexdigest(),
            "text": head.decode("ascii", "replace").strip(),
            "headers": {name.lower(): value for name, value in answer.getheaders()},
        }


def datagram(a: argparse.Namespace) -> Result:
    """One UDP datagram to an echo service; intact means that the same bytes came back."""
    sent = os.urandom(a.size)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((a.source, 0))
        one.settimeout(a.seconds)
        one.connect((a.to, a.port))
        one.send(sent)
        got = one.recv(1 << 16)
    return {"bytes": len(got), "intact": got == sent}


def checksum(packet: bytes) -> int:
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(a: argparse.Namespace) -> Result:
    """One ICMP echo with an even number of bytes; intact as for datagrams."""
    number, body = os.getpid() & 0xFFFF, os.urandom(a.size)
    head = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, number, 1)
    request = struct.pack("!BBHHH", ECHO_REQUEST, 0, checksum(head + body), number, 1) + body
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as one:
        one.bind((a.source, 0))
        one.sendto(request, (a.to, 0))
        until = time.monotonic() + a.seconds
        while (left := until - time.monotonic()) > 0:
            one.settimeout(left)
            packet, sender = one.recvfrom(1 << 16)
            answer = packet[(packet[0] & 0x0F) * 4 :]
            kind, _, _, identifier, _ = struct.unpack_from("!BBHHH", answer)
            if sender[0] == a.to and kind == ECHO_REPLY and identifier == number:
                return {"bytes": len(answer) - 8, "intact": answer[8:] == body}
    raise TimeoutError


def listen(a: argparse.Namespace) -> Result:
    """Takes one connection on a free port, which it prints first; says who came."""
    with socket.create_server((a.source, a.port)) as server:
        server.settimeout(a.seconds)
        print(json.dumps({"port": server.getsockname()[1]}), flush=True)
        one, peer = server.accept()
        with one:
            one.sendall(b"welcome\r\n")
        return {"peer": peer[0]}


def handshakes(a: argparse.Namespace) -> Result:
    """Nanoseconds that each of many connects in a row took."""
    times: list[int] = []
    failed = 0
    for _ in range(a.count):
        with tcp(a.source) as one:
            one.settimeout(a.seconds)
            begun = time.perf_counter_ns()
            try:
                one.connect((a.to, a.port))
            except OSError:
                failed += 1
            else:
                times.append(time.perf_counter_ns() - begun)
    return {"nanoseconds": times, "failed": failed}


ACTS = {act.__name__: act for act in (knock, banner, fetch, datagram, ping, listen, handshakes)}


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("act", choices=sorted(ACTS))
    parser.add_argument("--source", default="0.0.0.0", help="address to send from")
    parser.add_argument("--to", default="", help="address to send to")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--size", type=int, default=0, help="bytes to send")
    parser.add_argument("--seconds", type=float, default=5, help="time limit for an answer")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--path", default="/")
    return parser.parse_args(argv)


def main() -> None:
    wanted = arguments(sys.argv[1:])
    try:
        result = ACTS[wanted.act](wanted)
    except (OSError, http.client.HTTPException) as cause:
        result = {"error": str(cause) or type(cause).__name__}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
