"""The Application Health extension: asks a machine how it is, from inside it."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from namespaces import stream_socket

LOCAL = "127.0.0.1"
# One answer is waited for so long, and at most for the interval.
LONGEST_WAIT = 5.0
# A machine that was just started is asked this often until it is well for the first time. That
# alone counts earlier than by the interval: one that starts may say that it is not ready yet.
EAGER_PAUSE = 0.2
LARGEST_BODY = 4096


@dataclass(frozen=True)
class Check:
    """A question and whom to ask. `epoch` names the machine's run; seconds throughout."""

    key: str
    netns: str
    epoch: str
    protocol: str
    port: int
    path: str
    interval: float
    probes: int
    grace: float
    # Version 2.0: the body names the state, and a start has a state of its own.
    rich: bool


@dataclass(frozen=True)
class Said:
    state: str
    reason: str


Report = Callable[[Check, str, str], None]


async def watch(check: Check, report: Report) -> None:
    """Asks for ever; reports the state after every answer."""
    begun = time.monotonic()
    judge = Judge(check, begun)
    counts_at = begun + check.interval
    state = "Initializing"
    eager = True
    while True:
        asked = time.monotonic()
        said = await ask(check)
        now = time.monotonic()
        if not eager or said.state == "Healthy" or now >= counts_at:
            state = judge.state(said, now)
            counts_at = now + check.interval
        report(check, state, said.reason)
        eager = eager and state == "Initializing"
        pause = EAGER_PAUSE if eager else check.interval - (time.monotonic() - asked)
        await asyncio.sleep(max(0.0, pause))


class Judge:
    """Turns answers into a state: so many alike in a row change it."""

    def __init__(self, check: Check, begun: float) -> None:
        self._check = check
        self._begun = begun
        self._state = "Initializing"
        self._last = ""
        self._alike = 0

    def state(self, said: Said, now: float) -> str:
        """The state after one more answer."""
        self._alike = self._alike + 1 if said.state == self._last else 1
        self._last = said.state
        steady = self._alike >= self._check.probes
        if self._state != "Initializing":
            if steady:
                self._state = said.state
        elif steady and said.state == "Healthy":
            self._state = "Healthy"
        elif steady and said.state == "Unhealthy" and self._check.rich:
            # Its own word that it is not well counts also while it starts.
            self._state = "Unhealthy"
        elif now - self._begun >= self._check.grace:
            self._state = said.state
        return self._state


async def ask(check: Check) -> Said:
    """One question."""
    silent = "Unknown" if check.rich else "Unhealthy"
    wait = min(check.interval, LONGEST_WAIT)
    try:
        async with asyncio.timeout(wait):
            return await _ask(check, silent)
    except TimeoutError:
        return Said(silent, f"no answer from port {check.port} within {wait:g} s")
    except (OSError, ValueError, IndexError, asyncio.IncompleteReadError) as error:
        return Said(silent, f"port {check.port}: {str(error) or type(error).__name__}")


async def _ask(check: Check, silent: str) -> Said:
    with stream_socket(check.netns) as wire:
        await asyncio.get_running_loop().sock_connect(wire, (LOCAL, check.port))
        if check.protocol == "tcp":
            return Said("Healthy", f"port {check.port} is open")
        context = _unverified() if check.protocol == "https" else None
        reader, writer = await asyncio.open_connection(
            sock=wire.dup(), ssl=context, server_hostname=LOCAL if context else None
        )
        try:
            lines = [
                f"GET {check.path} HTTP/1.1",
                f"Host: {LOCAL}:{check.port}",
                "Connection: close",
            ]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            head = await reader.readuntil(b"\r\n\r\n")
            code = int(head.split()[1])
            body = await _body(reader)
        finally:
            writer.close()
    return judged(check, code, body, silent)


async def _body(reader: asyncio.StreamReader) -> str:
    body = b""
    while len(body) < LARGEST_BODY and (piece := await reader.read(LARGEST_BODY)):
        body += piece
    return body.decode("utf-8", "replace").strip()


def judged(check: Check, code: int, body: str, silent: str) -> Said:
    """The verdict of an answer. Version 1.0 takes 200; 2.0 takes 2xx with a state in its body."""
    reason = f"HTTP {code}: {body.splitlines()[0][:200]}" if body else f"HTTP {code}"
    if not check.rich:
        return Said("Healthy" if code == 200 else "Unhealthy", reason)
    if not 200 <= code < 300:
        return Said(silent, reason)
    try:
        answer = json.loads(body)
    except ValueError:
        return Said(silent, f"{reason}: not JSON")
    state = answer.get("ApplicationHealthState") if isinstance(answer, dict) else None
    return Said(state if state in ("Healthy", "Unhealthy") else silent, reason)


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
