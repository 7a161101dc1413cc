#!/usr/bin/python3
"""A small workload that shows what reached it: HTTP on TCP 80, echo on UDP 7.

GET /          the host's name
GET /health    200, for probes
GET /bytes/N   N bytes, the same ones each time, up to 10 MiB; their SHA-256 in X-Sha256
PUT, POST      the SHA-256 of the body, which may have up to 10 MiB
"""

import hashlib
import http.server
import re
import socket
import socketserver
import threading

LIMIT = 10 * 1024 * 1024
HTTP_PORT = 80
ECHO_PORT = 7


def payload(size: int) -> bytes:
    """Bytes that depend on their place, so that a hole or a swap shows in the checksum."""
    blocks = (hashlib.sha256(str(i).encode()).digest() for i in range(size // 32 + 1))
    return b"".join(blocks)[:size]


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A client that is stopped on its way holds a thread for this many seconds at most.
    timeout = 60

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        wanted = re.fullmatch(r"/bytes/(\d{1,8})", self.path)
        if wanted is not None and int(wanted[1]) <= LIMIT:
            body = payload(int(wanted[1]))
            self.answer(200, body, X_Sha256=hashlib.sha256(body).hexdigest())
        elif self.path in ("/", "/health"):
            self.answer(200, f"{socket.gethostname()}\n".encode())
        else:
            self.answer(404, b"not found\n")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 <= length <= LIMIT:
            self.close_connection = True
            self.answer(413, b"too large\n")
            return
        digest = hashlib.sha256()
        while length > 0 and (piece := self.rfile.read(min(length, 1 << 16))):
            digest.update(piece)
            length -= len(piece)
        self.answer(200, f"{digest.hexdigest()}\n".encode())

    do_PUT = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: probes come every few seconds."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, answers = self.request
        answers.sendto(data, self.client_address)


class EchoServer(socketserver.UDPServer):
    max_packet_size = 1 << 16


def main() -> None:
    echo = EchoServer(("", ECHO_PORT), Echo)
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    Server(("", HTTP_PORT), Web).serve_forever()


if __name__ == "__main__":
    main()
