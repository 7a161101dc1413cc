"""Room in the connection table: the established flows that have been silent longest make it.

The kernel gives a new flow the place of one that is not established, and refuses it if there is
none: flows that are held open and silent would end the service. A flow that is forgotten is not
cut: its next packet is judged like the first that a neighbour's flow sends here.
"""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice

from gwlb.flows import conntrack as table
from gwlb.netlink import spans
from gwlb.state import FLOWS, Json, read_json, write_json
from gwlb.system import sysctl

# Shares of the table: more established flows than the first are brought down to the second. Above
# the third new flows are about to be refused.
HIGH, LOW, FULL = 0.75, 0.6, 0.95
# Seconds without news of the program that makes room, and it makes none.
STALE_SECONDS = 10
# The first entries of a dump stand for all: a hash has given each its place.
SAMPLE = 8192
ASSURED, ESTABLISHED = 1 << 2, 3
# A flow that has ended, or has more time left than a packet gives: none has come for long.
FOREVER = 1 << 32
TIMEOUT_HEAD = struct.pack("=HH", 8, table.TIMEOUT)

Flow = tuple[int, bytes]


def established(entries: Iterator[Flow]) -> Iterator[tuple[float, Flow] | None]:
    """Seconds of silence of each, and what deletes it; None for what the kernel may forget itself.

    A packet a second of a running flow goes by conntrack, so a second is no age. A fraction that
    has no meaning tells apart those of the same second.
    """
    names = {table.TCP: "tcp_timeout_established", table.UDP: "udp_timeout_stream"}
    whole = {key: int(sysctl(f"net/netfilter/nf_conntrack_{n}") or 0) for key, n in names.items()}
    other = int(sysctl("net/netfilter/nf_conntrack_generic_timeout") or 0)
    # Alike entries have their attributes at the same places, and a table is large.
    known: dict[tuple[int, int], tuple[slice, int, int, int, int]] = {}
    for family, entry in entries:
        places = known.get((family, len(entry)))
        if places is None or entry[places[2] - 4 : places[2]] != TIMEOUT_HEAD:
            places = known[family, len(entry)] = places_of(entry)
        ends, status, timeout, protocol, state = places
        if not entry[status + 3] & ASSURED:
            yield None
            continue
        most = whole.get(entry[protocol], other)
        left = int.from_bytes(entry[timeout : timeout + 4], "big")
        over = entry[protocol] == table.TCP and entry[state] != ESTABLISHED
        age = FOREVER if over or left > most else most - left
        yield age + random.random(), (family, entry[ends])  # noqa: S311


def places_of(entry: bytes) -> tuple[slice, int, int, int, int]:
    """Where an entry has its ends, status, time left, protocol and TCP state."""
    top = spans(entry, 0, len(entry))
    ends = top[table.TUPLE_ORIG]
    protocol = spans(entry, *spans(entry, *ends)[table.TUPLE_PROTO])[table.PROTO_NUMBER]
    tcp = spans(entry, *top.get(table.PROTOINFO, (0, 0))).get(table.TCP_INFO, (0, 0))
    state = spans(entry, *tcp).get(table.TCP_STATE, (0, 0))
    return slice(*ends), top[table.STATUS][0], top[table.TIMEOUT][0], protocol[0], state[0]


def make() -> int:
    """Makes room if there are too many established flows; returns how many had to go."""
    count, limit = table.size()
    if count < HIGH * limit or limit == 0:
        return 0
    with closing(table.dump()) as entries:
        flows = established(entries)
        first = list(islice(flows, SAMPLE))
        ages = sorted(flow[0] for flow in first if flow)
        assured, evicted = count * len(ages) // max(1, len(first)), 0
        if assured >= HIGH * limit:
            oldest = ages[int(len(ages) * LOW * limit / assured)]
            chosen = (flow[1] for flow in chain(first, flows) if flow and flow[0] >= oldest)
            evicted = table.delete(chosen)
    evictions = seen()["evicted"] + evicted
    write_json(FLOWS, {"at": time.monotonic(), "assured": assured, "evicted": evictions})
    return evicted


def seen() -> Json:
    """The last look at a full table, and the sum of evictions since the machine started."""
    return {"at": float("-inf"), "assured": 0, "evicted": 0, **read_json(FLOWS)}


def problems() -> list[str]:
    """That new flows are about to be refused."""
    count, limit = table.size()
    if count < FULL * limit or limit == 0:
        return []
    look = seen()
    said = f"connection table: {count} of {limit} entries"
    if time.monotonic() - look["at"] > STALE_SECONDS:
        return [f"{said}, and gwlb-flows makes no room"]
    if look["assured"] < FULL * limit:
        return []
    return [f"{said}, {look['assured']} of them established: new flows are about to be refused"]
