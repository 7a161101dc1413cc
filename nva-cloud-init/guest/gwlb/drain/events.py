"""Scheduled events of the metadata service: which of them concern this NVA, and until when.

Source: learn.microsoft.com/azure/virtual-machines/linux/scheduled-events.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from gwlb.errors import ImdsError
from gwlb.foreign import parse_json
from gwlb.imds import ANSWER_LIMIT, Answer, ask, time_of
from gwlb.process import say, supervised

NAME = "/metadata/instance/compute/name?api-version=2021-02-01&format=text"
EVENTS = "/metadata/scheduledevents?api-version=2020-07-01"
POLL_SECONDS = 1.0
ASK_SECONDS = 10.0
# The first request turns the service on, and may be answered after two minutes.
FIRST_SECONDS = 150.0
# Far more than a machine has at a time, and than an identifier takes: both are repeated in health.
MOST_EVENTS = 50
ID_LENGTH = 100
# Events that end the flows of this machine, and those it survives with its flows.
ENDING = ("Terminate", "Reboot", "Redeploy", "Preempt")
PASSING = ("Freeze",)
# What ends once the machine has started again: such an event that has begun before this program did
# is the reason why this machine has just started.
RESTARTING = ("Reboot", "Redeploy")


@dataclass(frozen=True)
class Event:
    """An event of this machine. `until` is on the monotonic clock."""

    id: str
    type: str
    started: bool
    until: float
    # Other machines have it, too: to approve it would cut their flows, so its time must run out.
    shared: bool = False


def own_events(answer: Answer, name: str, known: dict[str, float]) -> list[Event]:
    """The events of a document that name this machine. `known`: deadlines of earlier looks, by id.

    The notice is measured once, by the service's own clock where it tells it: a machine whose
    clock jumps keeps its notice. A document of another shape raises ImdsError.
    """
    now = time.monotonic()
    try:
        told = time_of(answer.date)
        wall = time.time() if told is None else told
        listed: list[dict[str, Any]] = parse_json(answer.body, ANSWER_LIMIT)["Events"]
        own = [
            Event(
                str(event["EventId"]),
                str(event["EventType"]),
                event.get("EventStatus") == "Started",
                # Without a time it begins when it likes.
                now + max(0.0, (time_of(event.get("NotBefore")) or wall) - wall),
                len(event["Resources"]) > 1,
            )
            for event in listed
            if event["EventType"] in (*ENDING, *PASSING)
            and name.casefold() in [str(resource).casefold() for resource in event["Resources"]]
        ]
        if len(own) > MOST_EVENTS or any(len(event.id) > ID_LENGTH for event in own):
            raise ValueError(f"more than {MOST_EVENTS} events, or an id of {ID_LENGTH} characters")
    except (ImdsError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ImdsError(f"not a document of events: {type(error).__name__} {error}") from error
    own = [replace(event, until=known.get(event.id, event.until)) for event in own]
    known.clear()
    known.update({event.id: event.until for event in own})
    return own


def approve(ids: list[str]) -> None:
    """Lets events begin before their time; for those that are this machine's alone."""
    body = {"StartRequests": [{"EventId": event} for event in ids]}
    ask(EVENTS, ASK_SECONDS, json.dumps(body).encode())


def _name() -> str:
    name = ask(NAME, ASK_SECONDS).body.decode("ascii", "replace").strip()
    if not 0 < len(name) <= ID_LENGTH:
        raise ImdsError(f"not a name: {name!r}")
    return name


class Watcher:
    """Asks every second; keeps the last answer while the service gives none."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        # True as soon as the service has answered once.
        self.asked = False
        self._known: dict[str, float] = {}
        self._name = ""
        self._said = ""

    def start(self) -> None:
        supervised(self._work)

    def _work(self) -> None:
        seconds = FIRST_SECONDS
        while True:
            begun = time.monotonic()
            try:
                self._name = self._name or _name()
                self.events = own_events(ask(EVENTS, seconds), self._name, self._known)
                self.asked, seconds = True, ASK_SECONDS
                self._tell(f"watching the scheduled events of {self._name}")
            except ImdsError as error:
                self._tell(f"scheduled events: {error}")
            time.sleep(max(0.0, POLL_SECONDS - (time.monotonic() - begun)))

    def _tell(self, text: str) -> None:
        if text != self._said:
            say(text)
        self._said = text
