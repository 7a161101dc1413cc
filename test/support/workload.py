"""Stands in for a consumer's workload: pages on 80, an SSH banner on 22, echo on UDP 7."""

import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web(ThreadingHTTPServer):
    # The default of 5 makes the kernel drop SYNs when connects come in a row.
    request_queue_size = 1024


class Pages(BaseHTTPRequestHandler):
    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-sha256", hashlib.sha256(body).hexdigest())
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        size = int(self.path.removeprefix("/bytes/")) if self.path != "/" else 0
        self.answer(b"a page" if size == 0 else bytes(size))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.answer(hashlib.sha256(body).hexdigest().encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def banners() -> None:
    with socket.create_server(("", 22)) as server:
        while True:
            one, _ = server.accept()
            with one:
                one.sendall(b"SSH-2.0-test\r\n")


def echo() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", 7))
        while True:
            text, client = server.recvfrom(1 << 16)
            server.sendto(text, client)


def main() -> None:
    for work in (banners, echo):
        threading.Thread(target=work, daemon=True).start()
    web = Web(("", 80), Pages)
    print("ready", flush=True)
    web.serve_forever()


main()
