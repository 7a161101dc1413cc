"""The platform's side of every virtual network of a lab: metadata service and health probes.

Reads one JSON object a line from standard input, each the whole of what is wanted from then on,
and writes one a line: {"probe", "healthy", "reason"} for a verdict, {"health", "epoch", "state",
"reason"} for what a health extension was answered, {"approve", "events"} for an approved event,
{"serving": [namespace…]} when metadata is being served. Ends with its input.
"""

import asyncio
import json
import socket
import sys
from typing import Any

import health
from metadata import Machine, serve, unique_id
from namespaces import stream_socket
from notices import Delays, Notices
from probe import Probe, Watch

LONGEST_LINE = 64 * 1024 * 1024


def say(**message: object) -> None:
    """Tells the fabric."""
    print(json.dumps(message), flush=True)


class Platform:
    """Servers and probes that run, to be changed into what is wanted."""

    def __init__(self) -> None:
        self._machines: dict[str, dict[str, Machine]] = {}
        self._servers: dict[str, asyncio.Server] = {}
        self._checks: dict[health.Check, asyncio.Task[None]] = {}
        self._probes: dict[Probe, Watch] = {}
        self._later: dict[str, tuple[str, asyncio.TimerHandle]] = {}

    async def want(self, wanted: dict[str, Any]) -> None:
        """Starts what is new, ends what is gone, leaves the rest alone."""
        networks: dict[str, dict[str, Any]] = wanted["networks"]
        delays = Delays(
            answered=float(wanted["eventsAnswered"]),
            shown=float(wanted["eventsShown"]),
            forgotten=float(wanted["eventsForgotten"]),
        )
        self._update_machines(networks, float(wanted["userDataDelay"]), delays)
        for name in [name for name in self._servers if name not in networks]:
            self._servers.pop(name).close()
        for name in networks:
            if name not in self._servers:
                self._servers[name] = await self._listen(name, wanted["metadataAddress"])
        probes = {Probe(**probe) for probe in wanted["probes"]}
        for probe in [probe for probe in self._probes if probe not in probes]:
            self._probes.pop(probe).stop()
        for probe in probes:
            if probe in self._probes:
                self._probes[probe].renew(probe.epoch)
            else:
                self._probes[probe] = Watch(probe, self._report)
        self._update_checks({health.Check(**check) for check in wanted["checks"]})
        say(serving=sorted(self._servers))

    def _update_checks(self, checks: set[health.Check]) -> None:
        for check in [check for check in self._checks if check not in checks]:
            self._checks.pop(check).cancel()
        for check in checks - self._checks.keys():
            self._checks[check] = asyncio.create_task(health.watch(check, self._report_health))

    def _report_health(self, check: health.Check, state: str, reason: str) -> None:
        say(health=check.key, epoch=check.epoch, state=state, reason=reason)

    def _report(self, key: str, healthy: bool, reason: str) -> None:
        say(probe=key, healthy=healthy, reason=reason)

    def _update_machines(
        self, networks: dict[str, dict[str, Any]], delay: float, delays: Delays
    ) -> None:
        before = {
            machine.key: machine for own in self._machines.values() for machine in own.values()
        }
        self._machines = {
            name: {
                address: self._machine(before, told, delay, delays)
                for address, told in machines.items()
            }
            for name, machines in networks.items()
        }

    def _machine(
        self, before: dict[str, Machine], told: dict[str, Any], delay: float, delays: Delays
    ) -> Machine:
        known = before.get(told["key"])
        if known is None or known.unique_id != unique_id(told["instance"]):
            known = Machine(told["key"], told["instance"], told["userData"], Notices(delays))
        known.instance = told["instance"]
        known.notices.tell(told["events"])
        self._user_data(known, told["userData"], delay)
        return known

    def _user_data(self, machine: Machine, text: str, delay: float) -> None:
        """A change shows after a while, as on Azure; of several only the last one does."""
        pending, timer = self._later.get(machine.key, (machine.user_data, None))
        if text == pending:
            return
        if timer is not None:
            timer.cancel()

        def show() -> None:
            machine.user_data = text
            self._later.pop(machine.key, None)

        if delay <= 0:
            show()
        else:
            handle = asyncio.get_running_loop().call_later(delay, show)
            self._later[machine.key] = (text, handle)

    async def _listen(self, name: str, address: str) -> asyncio.Server:
        wire = stream_socket(name)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wire.bind((address, 80))

        def approve(key: str, events: list[str]) -> None:
            say(approve=key, events=events)

        return await asyncio.start_server(
            lambda reader, writer: serve(
                reader, writer, lambda: self._machines.get(name, {}), approve
            ),
            sock=wire,
        )


async def main() -> None:
    """Follows standard input to its end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    platform = Platform()
    while line := await reader.readline():
        await platform.want(json.loads(line))


if __name__ == "__main__":
    asyncio.run(main())
