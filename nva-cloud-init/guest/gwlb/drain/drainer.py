"""gwlb-drain: takes this NVA out of service before it goes, so that nobody notices.

It drains when a scheduled event names this machine (Terminate, Reboot, Redeploy, Preempt, Freeze),
and when it is stopped: by a person, or first of all units at a shutdown. Health answers 503 first,
so that new flows go elsewhere; those that are here keep passing until they have ended or the time
is over; then the event is approved, unless it is another machine's, too. An event that is called
off ends the drain.

A stop lasts drainSeconds at most. After it the NVA stays out of service until this starts again.
"""

from __future__ import annotations

import signal
import time
from contextlib import suppress

from gwlb import state
from gwlb.drain import flows
from gwlb.drain.events import Watcher, approve
from gwlb.drain.plan import Causes, Probes, causes, deadline, told
from gwlb.errors import Failed, ImdsError
from gwlb.foreign import parse_json
from gwlb.imds import ANSWER_LIMIT, fetch
from gwlb.process import say
from gwlb.settings import Settings, load
from gwlb.state import Json

TICK_SECONDS = 1.0
# A large table takes a while to read: it is read for this part of the time at most.
COUNT_PART = 0.2


class Drainer:
    """One drain at a time, for whatever reasons there are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watcher = Watcher()
        self._stop_until: float | None = None
        # Ids of the events that this drain is for, with the time at which each was first seen.
        self._seen: dict[str, float] = {}
        self._approved: set[str] = set()
        self._began: float | None = None
        # Whether all was done that can be, and whether that was for causes that end the flows.
        self._over = self._over_for_all = False
        self._said = ""

    def run(self) -> None:
        """Until it is stopped, and what that asks for is done."""
        self._resume()
        self._watcher.start()
        while True:
            started = time.monotonic()
            try:
                self._step(started)
            except (ImdsError, OSError) as error:
                self._tell(str(error))
            if self._over and self._stop_until is not None:
                return
            took = time.monotonic() - started
            if signal.sigtimedwait({signal.SIGTERM}, max(TICK_SECONDS, took / COUNT_PART) - took):
                self._stop_until = time.monotonic() + self._settings.drain_seconds

    def _resume(self) -> None:
        """Goes on with the events of an earlier run; the end of a stop is a start."""
        known = state.read_json(state.DRAIN)
        events = [str(event) for event in known.get("events", [])]
        if events:
            self._began = time.monotonic()
            self._seen = dict.fromkeys(events, self._began)
            self._approved = {str(event) for event in known.get("approved", [])}
        else:
            state.DRAIN.unlink(missing_ok=True)

    def _step(self, at: float) -> None:
        if not self._watcher.asked and self._stop_until is None:
            return
        why = causes(self._watcher.events, set(self._seen), self._stop_until)
        if why is None:
            self._end()
            return
        self._renew(why, at)
        until = deadline(why, self._seen)
        if self._began is None:
            self._began = at
            say(f"draining for {max(0.0, until - at):.0f} s at most: {why.text}")
        # Before anything is measured: from now on the load balancer hears that this NVA goes.
        self._publish(why, until - at, {})
        known, found = told(self._probes()), self._count()
        if found is not None:
            left = {"flows": found.living, "idle": found.idle}
            self._publish(why, until - at, {"told": known, **left})
        ended = known and (not why.flows_end or (found is not None and found.living == 0))
        if self._over or ended or at >= until:
            self._finish(why, found, known)

    def _renew(self, why: Causes, at: float) -> None:
        """A further reason makes a drain that was over go on, if it asks for more."""
        fresh = [event.id for event in why.events if event.id not in self._seen]
        self._seen.update(dict.fromkeys(fresh, at))
        if fresh or (why.flows_end and not self._over_for_all):
            self._over = False

    def _count(self) -> flows.Count | None:
        try:
            return flows.count()
        except Failed as error:
            self._tell(str(error))
            return None

    def _finish(self, why: Causes, found: flows.Count | None, known: bool) -> None:
        if not self._over:
            seconds = time.monotonic() - (self._began or time.monotonic())
            left = (
                f"{found.living} flows left, {found.idle} idle ones" if found else "flows unknown"
            )
            news = "" if known else "; the load balancer may not know"
            say(f"drained in {seconds:.1f} s: {left}{news}")
        self._over, self._over_for_all = True, why.flows_end
        waiting = [
            event.id
            for event in why.events
            if not (event.started or event.shared or event.id in self._approved)
        ]
        if waiting:
            approve(waiting)
            self._approved |= set(waiting)
            say(f"approved {', '.join(waiting)}")

    def _end(self) -> None:
        if self._began is not None:
            say("in service again: no event any more")
            state.DRAIN.unlink(missing_ok=True)
        self._seen, self._approved = {}, set()
        self._began = None
        self._over = self._over_for_all = False

    def _publish(self, why: Causes, left: float, measured: Json) -> None:
        known = state.read_json(state.DRAIN)
        state.write_json(
            state.DRAIN,
            {
                "why": why.text,
                "since": known.get("since") or state.now(),
                "secondsLeft": round(max(0.0, left)),
                **{key: known[key] for key in ("told", "flows", "idle") if key in known},
                **measured,
                "events": [event.id for event in why.events],
                "approved": sorted(self._approved),
            },
        )

    def _probes(self) -> Probes:
        """The probes as health tells them; while it does not answer, nobody has been told."""
        with suppress(ImdsError, ValueError, LookupError, TypeError):
            seen = parse_json(fetch(self._settings.health_url, 3.0).body, ANSWER_LIMIT)["probes"]
            return Probes(int(seen["refused"]), float(seen["silent"]), float(seen["interval"]))
        return Probes(0, 0, 0)

    def _tell(self, text: str) -> None:
        if text != self._said:
            say(text)
        self._said = text


def main(_: list[str]) -> None:
    # Waited for, not handled: nothing that a drain does is interrupted half-way.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    Drainer(load()).run()
