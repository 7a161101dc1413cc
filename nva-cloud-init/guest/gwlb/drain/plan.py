"""What a drain has to wait for: pure, from events and counts to the next act."""

from __future__ import annotations

from dataclasses import dataclass

from gwlb.drain.events import PASSING, RESTARTING, Event

# The event is let begin, and what is left is cut, so long before its time; less of a short notice.
MARGIN_SECONDS = 10.0
MARGIN_PART = 0.2
# A load balancer that has been refused so often in a row sends no new flow: the first answer takes
# this NVA out, and by the next one the interval has passed for the news to get round.
REFUSALS = 2
# Nobody probes where no probe came for so long, or for so many of its intervals.
SILENT_SECONDS = 60.0
SILENT_INTERVALS = 3


@dataclass(frozen=True)
class Probes:
    """What health knows of the load balancer's probes."""

    # How many in a row were not answered 200.
    refused: int
    # Seconds since the last one, or since health began; and between two of them, if known.
    silent: float
    interval: float


@dataclass(frozen=True)
class Causes:
    """Why this NVA drains: its events, and whether somebody stops it."""

    events: tuple[Event, ...]
    # When a stop must be over, on the monotonic clock.
    stop_until: float | None

    @property
    def text(self) -> str:
        """For people, and for the probe's status."""
        kinds = sorted({event.type for event in self.events})
        return ", ".join([*kinds, *(["stop"] if self.stop_until is not None else [])])

    @property
    def flows_end(self) -> bool:
        """Whether the flows that there are will be cut."""
        return self.stop_until is not None or any(e.type not in PASSING for e in self.events)


def causes(events: list[Event], draining: set[str], stop_until: float | None) -> Causes | None:
    """Why to drain; None if there is no reason. `draining`: ids that are drained for already.

    A restart that was under way when it was first heard of is the one that this boot comes from.
    """
    own = tuple(
        event
        for event in events
        if event.id in draining or not (event.started and event.type in RESTARTING)
    )
    return Causes(own, stop_until) if own or stop_until is not None else None


def deadline(why: Causes, seen: dict[str, float]) -> float:
    """When the drain must be over, on the monotonic clock. `seen`: when events were first seen."""
    times = [
        event.until - min(MARGIN_SECONDS, MARGIN_PART * (event.until - seen[event.id]))
        for event in why.events
    ]
    return min(times + ([] if why.stop_until is None else [why.stop_until]))


def told(probes: Probes) -> bool:
    """Whether the load balancer has certainly stopped sending new flows."""
    if probes.silent > max(SILENT_SECONDS, SILENT_INTERVALS * probes.interval):
        return True
    return probes.refused >= REFUSALS
