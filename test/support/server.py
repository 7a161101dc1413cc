"""A host's services, for tests of the network: `server.py NAME`.

HTTP on 80, 8080 and 22: `/` says who answers and whom it sees, `/bytes/N` sends N bytes, a POST is
answered with its length. Echo on UDP 7 and 5353. Prints `ready` when all of them listen.
"""

import json
import selectors
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = sys.argv[1]
HTTP_PORTS = (80, 8080, 22)
ECHO_PORTS = (7, 5353)


class Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path.startswith("/bytes/"):
            self.reply(bytes(int(self.path.removeprefix("/bytes/"))))
        else:
            self.reply(json.dumps({"server": NAME, "peer": self.client_address[0]}).encode())

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.reply(str(len(self.rfile.read(length))).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def echo(sockets: list[socket.socket]) -> None:
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            selector.register(one, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                one = key.fileobj
                if isinstance(one, socket.socket):
                    text, client = one.recvfrom(1 << 16)
                    one.sendto(text, client)


def datagram_socket(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("", port))
    return made


servers = [Server(("", port), Handler) for port in HTTP_PORTS]
echoes = [datagram_socket(port) for port in ECHO_PORTS]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps("ready"), flush=True)
echo(echoes)
