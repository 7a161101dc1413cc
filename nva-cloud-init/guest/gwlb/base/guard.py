"""gwlb-guard: closes the tunnels when packets could cross them unjudged, and mends what is broken.

The kernel tells it of every change to devices and rules; it also looks once a second. It mends in
place, which costs no packet. Where that does not help it restarts the unit that made what is
broken. It leaves alone what a person has stopped.
"""

from __future__ import annotations

import time
from typing import NoReturn

from gwlb import fastpath
from gwlb.base import entries, rules, tunnels
from gwlb.base.checks import Look, look, made
from gwlb.base.gate import Gate
from gwlb.base.tunnels import PORT_STATE
from gwlb.errors import Failed, TooSlow
from gwlb.process import run, say, supervised
from gwlb.settings import Settings, load
from gwlb.system import Events, ip_json

LOOK_SECONDS = 1.0
# A policy that is loaded makes many events: one look serves those of this time.
REST_SECONDS = 0.1
# A machine may be too busy to answer once or twice; after this many, nothing is believed.
SLOW_LOOKS = 3
# Times, in a row, that something is mended in place before a unit is restarted for it.
IN_PLACE = 3
MOST_BACKOFF = 30.0


class Repairs:
    """Mends in place first, then by restarts, not more often than makes sense."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tries = 0
        self._not_before = 0.0
        self._backoff = 1.0

    def whole(self) -> None:
        """Nothing is wrong: once it has stayed so for a while, patience is full again."""
        if self._tries:
            say("whole again")
        self._tries = 0
        if time.monotonic() > self._not_before + MOST_BACKOFF:
            self._backoff = 1.0

    def work(self, found: Look) -> bool:
        """Mends what is started, systemd itself retries what failed; True asks for a look now."""
        if time.monotonic() < self._not_before or not _is_active("gwlb-datapath.service"):
            return False
        problem = [*found.unsafe, *found.broken][0]
        if self._tries < IN_PLACE:
            self._tries += 1
            say(f"mending: {problem}")
            try:
                mend(self._settings, found)
            except (Failed, OSError) as error:
                say(f"not mended in place: {error}")
            return True
        unit = "gwlb-firewall.service" if found.unsafe else "gwlb-datapath.service"
        say(f"restarting {unit}: {problem}")
        self._not_before = time.monotonic() + self._backoff
        self._backoff = min(2 * self._backoff, MOST_BACKOFF)
        try:
            run(["systemctl", "--no-block", "restart", unit])
        except Failed as error:
            say(str(error))
        return False


def mend(settings: Settings, found: Look) -> None:
    """Loads and sets again what differs; each table is replaced in one step."""
    tunnels.set_hooks()
    if found.unsafe:
        rules.load_host(settings)
        rules.load_devices(settings)
        fastpath.link(settings, made()[0])
    if found.broken:
        nic, mtu = made()
        tunnels.raise_mtu(nic, ip_json("link", "show", "dev", nic)[0]["mtu"], mtu)
        script = tunnels.settle_script(settings) + tunnels.up_script(settings)
        run(["ip", "-batch", "-"], script)
        entries.remove(settings)


def main(_: list[str]) -> NoReturn:
    settings = load()
    events, gate, repairs, slow = Events(rules=True), Gate(settings), Repairs(settings), 0
    supervised(gate.watch)
    while True:
        gate.wake.clear()
        count = gate.count
        try:
            found, slow = look(settings), 0
        except TooSlow as error:
            slow += 1
            found = Look([str(error)], [], hole=True) if slow >= SLOW_LOOKS else None
        if found and act(found, count, gate, repairs):
            continue
        if not gate.wake.wait(REST_SECONDS):
            events.wait(LOOK_SECONDS - REST_SECONDS)


def act(found: Look, count: int, gate: Gate, repairs: Repairs) -> bool:
    """Closes or opens, and mends; True asks for another look at once."""
    ports = [problem for problem in found.broken if PORT_STATE in problem]
    if found.hole:
        gate.close()
    elif gate.closed:
        if gate.open_again(count):
            return True
    else:
        gate.open_fast_path()
        if ports:
            # Somebody else's doing, or a tunnel is down: then the repair is what helps.
            gate.open_again(count)
    if gate.closed:
        found.broken[:] = [problem for problem in found.broken if problem not in ports]
    if found.unsafe or found.broken:
        return repairs.work(found)
    repairs.whole()
    return False


def _is_active(unit: str) -> bool:
    try:
        return run(["systemctl", "is-active", unit]).strip() == "active"
    except Failed:
        return False
