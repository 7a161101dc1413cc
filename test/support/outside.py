"""The world outside an NVA, without a lab: the gateway's end of both tunnels, the probe, and the
metadata service. Runs in the namespace that holds their addresses.

Arguments: addresses, tunnels and the probe in JSON; `gateway` to play its end of the
tunnels. Reads one JSON request a line and answers each with one; every byte of a tunnel's packet is
the test's own.
"""

import base64
import contextlib
import http.client
import itertools
import json
import select
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

TOLD: dict[str, Any] = json.loads(sys.argv[1])
GATEWAY, NVA = TOLD["gateway"], TOLD["nva"]
METADATA, PROBE = TOLD["metadata"], TOLD["platform"]
PROBED = (NVA, TOLD["probe"]["port"])
TUNNELS = {
    name: (TOLD[side]["port"], TOLD[side]["vni"])
    for name, side in (("in", "internal"), ("ex", "external"))
}
USER_DATA = "/metadata/instance/compute/userData"
EVENTS = "/metadata/scheduledevents"


class Metadata(BaseHTTPRequestHandler):
    """As Azure's: the header is required, a leaf is asked for as text."""

    user_data = ""
    events: ClassVar[list[Any]] = []
    incarnation = 1
    approved: ClassVar[list[str]] = []
    raw: ClassVar[dict[str, Any] | None] = None

    def do_GET(self) -> None:
        if Metadata.raw is not None:
            self._answer_raw(Metadata.raw)
            return
        path = self.path.partition("?")[0].rstrip("/")
        if self.headers.get("Metadata") != "true":
            self._answer(400, b"")
        elif path == USER_DATA:
            self._answer(200, Metadata.user_data.encode())
        elif path == EVENTS:
            document = {"DocumentIncarnation": Metadata.incarnation, "Events": Metadata.events}
            self._answer(200, json.dumps(document).encode())
        elif path == "/metadata/instance":
            self._answer(200, b'{"compute":{"name":"nva"}}')
        elif path == "/metadata/instance/compute/name":
            self._answer(200, b"nva")
        else:
            self._answer(404, b"")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Metadata") != "true" or not self.path.startswith(EVENTS):
            self._answer(400, b"")
            return
        Metadata.approved.extend(item["EventId"] for item in body["StartRequests"])
        self._answer(200, b"")

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer_raw(self, raw: dict[str, Any]) -> None:
        """Bytes as they are, then others again and again for as long as the answer stands."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.write(raw["head"].encode("latin-1"))
            while "again" in raw and Metadata.raw is raw:
                self.wfile.write(raw["again"].encode("latin-1"))
                time.sleep(raw.get("pause", 0))

    def log_message(self, format: str, *args: object) -> None:
        """Answers are all that this program prints."""


class Gateway:
    """The gateway's end of the tunnels."""

    def __init__(self) -> None:
        self._ports: dict[str, socket.socket] = {}
        for name, (port, _) in TUNNELS.items():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            sock.bind((GATEWAY, port))
            self._ports[name] = sock
        self._seen: list[list[Any]] = []
        self._more = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, tunnel: str, frame: bytes, vni: int | None = None) -> None:
        """One frame to the NVA, as the gateway would wrap it."""
        port, own = TUNNELS[tunnel]
        header = struct.pack("!II", 0x08000000, (own if vni is None else vni) << 8)
        self._ports[tunnel].sendto(header + frame, (NVA, port))

    def take(self, count: int, seconds: float) -> list[list[Any]]:
        """Frames since the last call: as soon as there are so many, or after that time."""
        with self._more:
            self._more.wait_for(lambda: len(self._seen) >= count, seconds)
            taken, self._seen = self._seen, []
        return taken

    def _listen(self) -> None:
        names = {sock: name for name, sock in self._ports.items()}
        while True:
            ready, _, _ = select.select(list(names), [], [])
            for sock in ready:
                packet = sock.recv(65536)
                vni = struct.unpack("!I", packet[4:8])[0] >> 8
                with self._more:
                    self._seen.append([names[sock], vni, packet[8:].hex(), time.time()])
                    self._more.notify_all()


def probe(path: str, seconds: float, source: str = PROBE) -> dict[str, Any]:
    """One request as the load balancer's probe makes it, or somebody else."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection(*PROBED, timeout=seconds, source_address=(source, 0))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        found: dict[str, Any] = {"code": answer.status, "body": answer.read().decode()}
    except (OSError, http.client.HTTPException) as error:
        found = {"code": 0, "body": f"{type(error).__name__} {error}"}
    finally:
        connection.close()
    return {**found, "seconds": time.monotonic() - begun}


slow: list[socket.socket] = []


def call_slowly(count: int) -> None:
    """Connects so often to the probe's port, as the platform; 0 hangs up."""
    while slow:
        slow.pop().close()
    for _ in range(count):
        slow.append(socket.create_connection(PROBED, timeout=5, source_address=(PROBE, 0)))


def drip() -> None:
    """Each slow caller says a byte a second, and calls anew when it is cut off."""
    request = f"GET {TOLD['probe']['path']} HTTP/1.1\r\nX: {'x' * 99}".encode()
    for second in itertools.count():
        time.sleep(1)
        for place, caller in enumerate(slow):
            try:
                caller.send(request[second % len(request)].to_bytes(1, "big"))
            except OSError:
                with contextlib.suppress(OSError, IndexError):
                    slow[place] = socket.create_connection(
                        PROBED, timeout=5, source_address=(PROBE, 0)
                    )


def answer(gateway: Gateway | None, request: dict[str, Any]) -> object:
    match request["do"]:
        case "userData":
            Metadata.user_data = request["text"]
        case "events":
            Metadata.events = request["events"]
            Metadata.incarnation += 1
        case "metadata":
            Metadata.raw = request["raw"]
        case "approved":
            return Metadata.approved
        case "send" if gateway:
            for tunnel, frame, *vni in request["frames"]:
                gateway.send(tunnel, base64.b16decode(frame, casefold=True), *vni)
        case "take" if gateway:
            return gateway.take(request["count"], request["seconds"])
        case "slow":
            call_slowly(request["count"])
        case "probe":
            return probe(request["path"], request["seconds"], request.get("source", PROBE))
        case _:
            raise ValueError(request["do"])
    return None


def main() -> None:
    gateway = Gateway() if sys.argv[2] == "gateway" else None
    metadata = ThreadingHTTPServer((METADATA, 80), Metadata)
    threading.Thread(target=metadata.serve_forever, daemon=True).start()
    threading.Thread(target=drip, daemon=True).start()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(gateway, json.loads(line))), flush=True)


main()
