"""gwlb-health: tells the load balancer's probe whether this NVA is whole, and wants new flows.

Answers 200 only if a look that is a fifth of a second old at most found nothing wrong and the NVA
does not drain, else 503; the body is JSON and says the first thing that is wrong first. The scale
set's health extension has a path of its own, and is told about the NVA alone (see Handler).
Listens on the NIC's address and on loopback, so that nothing can be asked through the tunnels.
Ends, to be started anew, when that address is gone.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from tempfile import TemporaryFile
from typing import Any, NoReturn

from gwlb.contract import APPLICATION_HEALTH_PATH, PLATFORM
from gwlb.errors import Failed
from gwlb.foreign import cut_after, short
from gwlb.health.looks import Nva
from gwlb.health.selftest import SelfTest
from gwlb.policy.metrics import metrics_text
from gwlb.process import say, supervised
from gwlb.settings import Settings, load
from gwlb.state import DRAIN, IN_SERVICE, LAST_GOOD, POLICY, Json, read_json
from gwlb.system import address_of, outward_device, wait_for

NIC_SECONDS = 60
# Intervals between probes that are looked back on.
INTERVALS = 3
# Callers of the platform, and of this machine, who are at their request; far more than probes need.
MOST_CALLS = 32
# A whole call, from its first byte to its last.
CALL_SECONDS = 5.0
# Bytes: a policy is no more than userData holds, and is written twice before it takes its place.
LEAST_ROOM = 1 << 20


# socketserver's type of a request; a UDP server has another one.
Request = Any


class Probes:
    """The load balancer's probes so far, and their answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = time.monotonic()
        self._intervals: deque[float] = deque(maxlen=INTERVALS)
        self._refused = 0
        self.in_service = IN_SERVICE.exists()

    def answered(self, well: bool) -> None:
        """Another probe."""
        with self._lock:
            now = time.monotonic()
            self._intervals.append(now - self._last)
            self._last = now
            self._refused = 0 if well else self._refused + 1
            if well and not self.in_service:
                IN_SERVICE.touch()
                self.in_service = True

    def seen(self) -> Json:
        """Refusals in a row; seconds since the last probe, or the start; the longest interval."""
        with self._lock:
            silent = time.monotonic() - self._last
            longest = max(self._intervals, default=0.0)
        return {
            "refused": self._refused,
            "silent": round(silent, 1),
            "interval": round(longest, 1),
        }


class Server(ThreadingHTTPServer):
    """Hears the platform and this machine, and lets no caller hold a place for long.

    The rules drop the packets of everybody else; that they are there is not taken for granted.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, settings: Settings, address: str, looker: Nva, probes: Probes) -> None:
        self.probe_path = settings.probe_path
        self.looker = looker
        self.probes = probes
        self._lock = threading.Lock()
        # Calls whose request is not complete, the platform's and this machine's, oldest first.
        self._calls: dict[bool, list[socket.socket]] = {True: [], False: []}
        super().__init__((address, settings.probe_port), Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the name service what this address is called, and waits for it.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "", 0

    def verify_request(self, request: Request, client_address: tuple[str, int]) -> bool:
        caller = client_address[0]
        own = caller == self.server_address[0] or caller.startswith("127.")
        if not own and caller != PLATFORM:
            return False
        with self._lock:
            calls = self._calls[own]
            calls.append(request)
            # A probe's request comes at once: whoever has been at it for longest is none.
            slowest = calls.pop(0) if len(calls) > MOST_CALLS else None
        if slowest:
            with suppress(OSError):
                slowest.shutdown(socket.SHUT_RDWR)
        return True

    def heard(self, request: Request) -> None:
        """The request is complete, or the call is over."""
        with self._lock:
            for calls in self._calls.values():
                if request in calls:
                    calls.remove(request)

    def process_request_thread(self, request: Request, client_address: tuple[str, int]) -> None:
        try:
            with suppress(TimeoutError), cut_after(CALL_SECONDS, request):
                super().process_request_thread(request, client_address)
        finally:
            self.heard(request)

    def handle_error(self, request: Request, client_address: tuple[str, int]) -> None:
        """A caller who hangs up is no event worth a trace."""


class Handler(BaseHTTPRequestHandler):
    """The probe's path, the health extension's, and /metrics.

    The extension's state decides about repairs and upgrades: Unhealthy is an NVA that is broken,
    that refuses the policy it was given, that no load balancer has found well since it started, or
    whose disk is full: it filters on, but would start without the policy it was given last.
    An upgrade must end at the first NVA that keeps an old policy, however well it passes packets by
    that. Draining is neither: a repair would
    replace a machine that is told to go anyway, or one that a person has taken out; and an upgraded
    instance starts anew, so that a drain before it cannot pass for one. To wait for the load
    balancer keeps an upgrade from taking the next NVA out while this one gets no flows yet.
    """

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]
    server_version = "gwlb-health"
    sys_version = ""
    # Seconds that a silent caller may hold one of the places.
    timeout = 2

    def parse_request(self) -> bool:
        complete = super().parse_request()
        self.server.heard(self.connection)
        return complete

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == self.server.probe_path:
            self._health()
        elif path == APPLICATION_HEALTH_PATH:
            self._application()
        elif path == "/metrics":
            self._metrics()
        else:
            self._answer(404, "text/plain", "not found\n")

    do_HEAD = do_GET

    def _health(self) -> None:
        problems, drain = self.server.looker.problems(), read_json(DRAIN)
        well = not problems and not drain
        if self.client_address[0] == PLATFORM:
            self.server.probes.answered(well)
        body: Json = {
            "healthy": well,
            **({"draining": drain} if drain else {}),
            "problems": list(problems),
            "probes": self.server.probes.seen(),
            "selfTest": self.server.looker.test.said,
            "policy": read_json(POLICY),
        }
        self._answer(200 if well else 503, "application/json", json.dumps(body) + "\n")

    def _application(self) -> None:
        upgraded = self.server.probes.in_service and not read_json(POLICY).get("refused")
        whole = upgraded and has_room() and not self.server.looker.problems()
        state = "Healthy" if whole else "Unhealthy"
        body = json.dumps({"ApplicationHealthState": state})
        self._answer(200, "application/json", body + "\n")

    def _metrics(self) -> None:
        try:
            text = metrics_text()
        except (Failed, OSError) as error:
            self._answer(503, "text/plain", f"{error}\n")
            return
        self._answer(200, "text/plain; version=0.0.4", text)

    def _answer(self, code: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Repeats little of what the caller said."""
        super().send_error(code, message and short(message), explain)

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds: only what changes is said, by the looker."""


def has_room() -> bool:
    """True if the disk takes another policy. Only an attempt tells: file systems keep reserves."""
    try:
        with TemporaryFile(dir=LAST_GOOD.parent) as file:
            os.posix_fallocate(file.fileno(), 0, LEAST_ROOM)
    except OSError:
        return False
    return True


def main(_: list[str]) -> NoReturn:
    settings = load()
    nic = wait_for("device with the default route", outward_device, NIC_SECONDS)
    address = wait_for(f"address on {nic}", lambda: address_of(nic), NIC_SECONDS)
    test = SelfTest(settings, nic, address)
    test.start()
    looker, probes = Nva(settings, address, test), Probes()
    servers = [Server(settings, where, looker, probes) for where in (address, "127.0.0.1")]
    say(f"answering on {address}:{settings.probe_port}{settings.probe_path}")
    for server in servers:
        supervised(server.serve_forever)
    while True:
        signal.pause()
