"""Scheduled events as one machine sees them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Clock = Callable[[], float]


@dataclass(frozen=True)
class Delays:
    """Seconds after the first question until it is answered, until events show, until they stop."""

    answered: float
    shown: float
    forgotten: float


class Notices:
    """The document of a machine: its first question switches it on, a long silence off."""

    def __init__(self, delays: Delays, clock: Clock = time.monotonic) -> None:
        self._delays = delays
        self._clock = clock
        self._told: list[dict[str, Any]] = []
        self._shown: list[dict[str, Any]] = []
        self._incarnation = 1
        self._first: float | None = None
        self._last = 0.0
        self._known: set[str] = set()

    def tell(self, events: list[dict[str, Any]]) -> None:
        """Takes the events to show from now on."""
        self._told = events

    def ask(self) -> float:
        """Notes a question; returns the seconds that it waits for its answer."""
        now = self._clock()
        if self._first is None or now - self._last > self._delays.forgotten:
            self._first = now
        self._last = now
        return max(0.0, self._first + self._delays.answered - now)

    def document(self) -> str:
        """The answer to a question: another number with every change that shows."""
        since = self._first if self._first is not None else self._clock()
        on = self._clock() - since >= self._delays.shown
        events = self._told if on else []
        if events != self._shown:
            self._shown = events
            self._incarnation += 1
        self._known.update(str(event["EventId"]) for event in events)
        return json.dumps({"DocumentIncarnation": self._incarnation, "Events": events})

    def approved(self, body: bytes) -> list[str] | None:
        """Events that a request approves; None if it is malformed or names one never shown."""
        try:
            wanted = [str(item["EventId"]) for item in json.loads(body)["StartRequests"]]
        except (ValueError, KeyError, TypeError):
            return None
        return wanted if wanted and self._known.issuperset(wanted) else None
