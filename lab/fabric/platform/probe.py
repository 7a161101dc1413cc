"""Health probes, as a load balancer of Azure makes them from 168.63.129.16."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from namespaces import stream_socket

SOURCE = "168.63.129.16"
# An answer counts only within the interval, and within this many seconds.
LONGEST_WAIT = 30.0
# What a bad answer says beside its code is read for so long and no longer.
LONGEST_BODY = 4096
BODY_WAIT = 0.5
# A machine that was just started is asked this often until it answers well for the first time:
# the verdict is the same as by the interval, only earlier.
EAGER_PAUSE = 0.2
EAGER_WAIT = 1.0
# A machine that has not answered well for this long is asked by the interval alone.
EAGER_SECONDS = 90.0


@dataclass(frozen=True)
class Probe:
    """What to ask whom. `epoch` changes with every start of the machine."""

    key: str
    netns: str
    address: str
    port: int
    protocol: str
    path: str
    interval: float
    threshold: int
    epoch: str


@dataclass(frozen=True)
class Answer:
    well: bool
    reason: str
    timeout: bool = False


Report = Callable[[str, bool, str], None]


async def watch(probe: Probe, report: Report) -> None:
    """Asks for ever; reports every verdict, and every change of its reason."""
    judge = Judge(probe)
    begun = time.monotonic()
    told: tuple[bool, str] | None = None
    eager = True
    while True:
        asked = time.monotonic()
        eager = eager and asked - begun < EAGER_SECONDS
        answer = await ask(probe, EAGER_WAIT if eager else min(probe.interval, LONGEST_WAIT))
        healthy = judge.verdict(answer, eager)
        if (healthy, answer.reason) != told:
            told = (healthy, answer.reason)
            report(probe.key, healthy, answer.reason)
        eager = eager and not healthy
        pause = EAGER_PAUSE if eager else probe.interval - (time.monotonic() - asked)
        await asyncio.sleep(max(0.0, pause))


class Judge:
    """Turns answers into a verdict."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._healthy = False
        self._others = 0

    def verdict(self, answer: Answer, first: bool) -> bool:
        """Whether the instance gets new flows. `first`: it has not been well since its start."""
        if answer.well == self._healthy:
            self._others = 0
            return self._healthy
        self._others += 1
        # HTTP: any answer decides at once, only silence is counted. TCP: both are counted.
        counted = self._probe.protocol == "Tcp" or answer.timeout
        if first or not counted or self._others >= self._probe.threshold:
            self._healthy = answer.well
            self._others = 0
        return self._healthy


async def ask(probe: Probe, wait: float) -> Answer:
    """One probe."""
    try:
        async with asyncio.timeout(wait):
            return await _ask(probe)
    except TimeoutError:
        return Answer(False, f"no answer from port {probe.port} within {wait:g} s", timeout=True)
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        text = str(error) or type(error).__name__
        return Answer(False, f"port {probe.port}: {text}")


async def _ask(probe: Probe) -> Answer:
    with stream_socket(probe.netns) as wire:
        wire.bind((SOURCE, 0))
        await asyncio.get_running_loop().sock_connect(wire, (probe.address, probe.port))
        if probe.protocol == "Tcp":
            return Answer(True, f"port {probe.port} is open")
        context = _unverified() if probe.protocol == "Https" else None
        name = probe.address if context else None
        reader, writer = await asyncio.open_connection(
            sock=wire.dup(), ssl=context, server_hostname=name
        )
        try:
            writer.write(_request(probe))
            line = await reader.readuntil(b"\n")
            code = int(line.split()[1])
            reason = f"HTTP {code}"
            if code != 200:
                reason += await _first_line_of_body(reader)
            return Answer(code == 200, reason)
        except IndexError:
            return Answer(False, "not an HTTP answer")
        finally:
            writer.close()


async def _first_line_of_body(reader: asyncio.StreamReader) -> str:
    """What an instance says about itself helps whoever reads the status."""
    rest = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BODY_WAIT):
            while len(rest) < LONGEST_BODY and (piece := await reader.read(LONGEST_BODY)):
                rest += piece
    body = rest.partition(b"\r\n\r\n")[2].decode("utf-8", "replace").strip()
    return f": {body.splitlines()[0][:200]}" if body else ""


def _request(probe: Probe) -> bytes:
    lines = [
        f"GET {probe.path} HTTP/1.1",
        f"Host: {probe.address}:{probe.port}",
        "User-Agent: Load Balancer Agent",
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _unverified() -> ssl.SSLContext:
    """Azure's HTTPS probe does not check the certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
