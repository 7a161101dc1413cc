"""Scheduled events of the metadata service: which of them concern this NVA, and until when.

Source: learn.microsoft.com/azure/virtual-machines/linux/scheduled-events.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gwlb_imds import Answer, ImdsError, ask, time_of

NAME = "/metadata/instance/compute/name?api-version=2021-02-01&format=text"
EVENTS = "/metadata/scheduledevents?api-version=2020-07-01"
POLL_SECONDS = 1.0
ASK_SECONDS = 10.0
# The first request turns the service on, and may be answered after two minutes.
FIRST_SECONDS = 150.0
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
    now, wall = time.monotonic(), answer.time if answer.time is not None else time.time()
    try:
        listed: list[dict[str, Any]] = json.loads(answer.body)["Events"]
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
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ImdsError(f"not a document of events: {type(error).__name__} {error}") from error
    for event in own:
        known.setdefault(event.id, event.until)
    return [replace(event, until=known[event.id]) for event in own]


def approve(ids: list[str]) -> None:
    """Lets events begin before their time; for those that are this machine's alone."""
    body = {"StartRequests": [{"EventId": event} for event in ids]}
    ask(EVENTS, ASK_SECONDS, json.dumps(body).encode())


class Watcher:
    """Asks every second; keeps the last answer while the service gives none."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.events: list[Event] = []
        # True as soon as the service has answered once.
        self.asked = False
        self._say = say
        self._known: dict[str, float] = {}
        self._name = ""
        self._said = ""

    def start(self) -> None:
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        seconds = FIRST_SECONDS
        while True:
            begun = time.monotonic()
            try:
                self._name = self._name or ask(NAME, ASK_SECONDS).body.decode().strip()
                self.events = own_events(ask(EVENTS, seconds), self._name, self._known)
                self.asked, seconds = True, ASK_SECONDS
                self._tell(f"watching the scheduled events of {self._name}")
            except (ImdsError, UnicodeError) as error:
                self._tell(f"scheduled events: {error}")
            time.sleep(max(0.0, POLL_SECONDS - (time.monotonic() - begun)))

    def _tell(self, text: str) -> None:
        if text != self._said:
            self._say(text)
        self._said = text
