"""What the guest reads from outside, a function of bytes each: it raises if the guest is wrong.

Right is: what comes is used, or refused by the module's own error, in few words and little time.
"""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

# pyright: reportMissingImports=false
from gwlb.drain.events import own_events
from gwlb.errors import ImdsError, RefusedError
from gwlb.health import server as health_server
from gwlb.imds import Answer, fetch
from gwlb.policy.bundle import Bundle, parse_bundle, parse_user_data
from gwlb.policy.sets import flip_script
from gwlb.settings import Settings, Tunnel

LONGEST_MESSAGE = 600
# Processor time: whatever else the machine does meanwhile.
MOST_SECONDS = 10.0
DATE = "Mon, 19 Sep 2016 18:24:47 GMT"


def bounded(work: Callable[[], object], *errors: type[Exception]) -> None:
    """Does it, and holds that it ends in time, or with one of these errors in few words."""
    begun = time.process_time()
    try:
        work()
    except errors as error:
        assert len(str(error)) <= LONGEST_MESSAGE, len(str(error))  # noqa: S101
        str(error).encode()
    took = time.process_time() - begun
    assert took < MOST_SECONDS, took  # noqa: S101


def load(bundle: Bundle) -> None:
    """As far as it goes without a kernel."""
    flip_script(bundle, "A", 1, [])


def user_data(data: bytes) -> None:
    """The metadata service's answer, base64 or not."""
    text = data.decode("ascii", "replace").strip()
    bounded(lambda: load(parse_user_data(text)), RefusedError)


def bundle(data: bytes) -> None:
    """A bundle whose base64 was right."""
    bounded(lambda: load(parse_bundle(data)), RefusedError)


def body(data: bytes) -> None:
    """A bundle whose header, compression and hash were right."""
    header = f"azure-gwlb-policy/1 sha256:{hashlib.sha256(data).hexdigest()}\n"
    bundle(header.encode() + gzip.compress(data, 1))


def events(data: bytes) -> None:
    """A document of scheduled events; before its first line's end is the header Date."""
    date, _, document = data.partition(b"\n")
    known = {"e1": 1.0}

    def look() -> None:
        own = own_events(Answer(200, document, date.decode("latin-1")), "nva", known)
        assert all(event.until == known[event.id] for event in own)  # noqa: S101

    bounded(look, ImdsError)


class Server:
    """Answers each call with the bytes that it was given."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/x"
        self.data = b""
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            link, _ = self._listening.accept()
            with link:
                link.recv(4096)
                try:
                    link.sendall(self.data)
                    link.shutdown(socket.SHUT_WR)
                    link.recv(4096)
                except OSError:
                    pass  # It had read enough.


class Health:
    """The health server, with nothing wrong to see."""

    def __init__(self) -> None:
        tunnels = (Tunnel("vxlan-in", 1, 1), Tunnel("vxlan-ex", 2, 2))
        settings = Settings("10.7.0.4", tunnels, 3900, 0, "/health", 10, 60)
        # Health's words about the self-test.
        self.test = SimpleNamespace(said="made")
        server = health_server.Server(settings, "127.0.0.1", self, health_server.Probes())
        self.address: tuple[str, int] = server.socket.getsockname()
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def problems(self) -> tuple[str, ...]:
        """None."""
        return ()

    def answer(self, request: bytes) -> bytes:
        """All that it says to a request of these bytes and no more."""
        said = b""
        with socket.create_connection(self.address, 10) as link:
            try:
                link.sendall(request)
                link.shutdown(socket.SHUT_WR)
                while chunk := link.recv(65536):
                    said += chunk
            except OSError:
                pass  # It has refused before all was said.
        return said


def once(make: Callable[[], Any]) -> Callable[[], Any]:
    """Makes it when it is first asked for."""
    made: list[Any] = []

    def get() -> Any:  # noqa: ANN401
        if not made:
            made.append(make())
        return made[0]

    return get


server = once(Server)
health = once(Health)


def metadata(data: bytes) -> None:
    """What stands for an answer of HTTP."""
    server().data = data
    bounded(lambda: fetch(server().url, 5.0), ImdsError)


def http(data: bytes) -> None:
    """What stands for a request to health: any answer, and the next good request has its own."""
    said = health().answer(data)
    assert len(said) < 1 << 16, len(said)  # noqa: S101
    good = health().answer(b"GET /health HTTP/1.0\r\n\r\n")
    assert good.startswith(b"HTTP/1.0 200 "), good[:200]  # noqa: S101


TARGETS = {target.__name__: target for target in (user_data, bundle, body, events, metadata, http)}
