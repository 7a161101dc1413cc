"""Health probes, as a load balancer of Azure makes them."""

import asyncio
import contextlib
import errno
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from namespaces import stream_socket

# An answer counts only within the interval, and within this many seconds.
LONGEST_WAIT = 30.0
# The rest of a bad answer is read for so long and no longer.
LONGEST_BODY = 4096
BODY_WAIT = 0.5
# A machine that was just started is asked this often until it answers well for the first time:
# the verdict is the same as by the interval, only earlier.
EAGER_PAUSE = 0.2
EAGER_WAIT = 1.0
# A machine that has not answered well for this long is asked by the interval alone.
EAGER_SECONDS = 90.0


# Where no machine is there is no answer either: the network of a real one would swallow the packet.
NOBODY = {errno.EINVAL, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN}


@dataclass(frozen=True)
class Probe:
    """A question and whom to ask.

    `epoch` changes with every start of the machine; empty while it is off.
    """

    key: str
    netns: str
    source: str
    address: str
    port: int
    protocol: str
    path: str
    interval: float
    threshold: int
    epoch: str = field(compare=False)


@dataclass(frozen=True)
class Answer:
    well: bool
    reason: str
    timeout: bool = False


Report = Callable[[str, bool, str], None]


class Watch:
    """Asks for ever; reports every verdict, and every change of its reason."""

    def __init__(self, probe: Probe, report: Report) -> None:
        self._probe = probe
        self._report = report
        self._judge = Judge(probe)
        self._begun = time.monotonic()
        self._fresh = bool(probe.epoch)
        self._started = asyncio.Event()
        self._task = asyncio.create_task(self._watch())

    def renew(self, epoch: str) -> None:
        """The machine has been started or switched off: the verdict stays until it is answered."""
        if epoch == self._probe.epoch:
            return
        self._probe = replace(self._probe, epoch=epoch)
        self._begun = time.monotonic()
        self._fresh = bool(epoch)
        self._started.set()

    def stop(self) -> None:
        """No more questions."""
        self._task.cancel()

    @property
    def _eager(self) -> bool:
        young = time.monotonic() - self._begun < EAGER_SECONDS
        return self._fresh and young and not self._judge.healthy

    async def _watch(self) -> None:
        told: tuple[bool, str] | None = None
        while True:
            asked = time.monotonic()
            eager = self._eager
            wait = EAGER_WAIT if eager else min(self._probe.interval, LONGEST_WAIT)
            answer = await ask(self._probe, wait)
            healthy = self._judge.verdict(answer, eager)
            self._fresh = self._fresh and not answer.well
            if (healthy, answer.reason) != told:
                told = (healthy, answer.reason)
                self._report(self._probe.key, healthy, answer.reason)
            pause = EAGER_PAUSE if self._eager else self._probe.interval
            if not self._eager:
                pause -= time.monotonic() - asked
            await self._pause(max(0.0, pause))

    async def _pause(self, seconds: float) -> None:
        """Waits; the start of a machine that was not well ends the wait."""
        self._started.clear()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._started.wait()
            self._started.clear()
            if self._eager:
                return


class Judge:
    """Turns answers into a verdict."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.healthy = False
        self._others = 0

    def verdict(self, answer: Answer, first: bool) -> bool:
        """Whether the instance gets new flows. `first`: it has not been well since its start."""
        if answer.well == self.healthy:
            self._others = 0
            return self.healthy
        self._others += 1
        # HTTP: any answer decides at once, only silence is counted. TCP: both are counted.
        counted = self._probe.protocol == "Tcp" or answer.timeout
        if first or not counted or self._others >= self._probe.threshold:
            self.healthy = answer.well
            self._others = 0
        return self.healthy


async def ask(probe: Probe, wait: float) -> Answer:
    """One probe."""
    try:
        async with asyncio.timeout(wait):
            try:
                return await _ask(probe)
            except OSError as error:
                if error.errno not in NOBODY:
                    raise
                await asyncio.sleep(wait)
    except TimeoutError:
        pass
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        text = str(error) or type(error).__name__
        return Answer(False, f"port {probe.port}: {text}")
    return Answer(False, f"no answer from port {probe.port} within {wait:g} s", timeout=True)


async def _ask(probe: Probe) -> Answer:
    with stream_socket(probe.netns) as wire:
        wire.bind((probe.source, 0))
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
    """An instance's own words help the reader of the status."""
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
