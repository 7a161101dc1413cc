"""Looks for inputs that the guest reads wrongly: fuzz.py SECONDS [TARGET…]

Each target gets its share of the time. A finding is made as small as possible, kept as a seed, and
ends the search with exit code 1.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

# pyright: reportMissingImports=false, reportCallIssue=false
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from replay import SEEDS
from targets import DATE, TARGETS

ROUND = 200
MOST_MEMORY = 2 << 30

CHAINS = "".join(f":@-{name} - [0:0]\n" for name in ("IN", "OUT", "IN-R", "OUT-R"))
RULES = (
    f"{CHAINS}:@-IN-0 - [0:0]\n"
    "-A @-IN -s 8.8.8.8/32 -p tcp -m physdev --physdev-is-bridged --physdev-in vxlan-ex"
    " -m tcp --dport 22 -m comment --comment no-ssh -j DROP\n"
    "-A @-IN -m mark --mark 0x1/0x1 -m multiport --dports 1:2,3 -g @-IN-0\n"
    "-A @-OUT -m limit --limit 5/second --limit-burst 5 -m comment --comment a -g @-OK\n"
)
POLICY = {
    "stateful": True,
    "endForbiddenFlows": True,
    "filter4": RULES,
    "filter6": CHAINS,
    "sets": [
        {"family": 4, "side": "source", "bit": 0, "ranges": "AAEA/wEFAgM="},
        {"family": 6, "side": "destination", "bit": 1, "ranges": "QAEAAQEB"},
    ],
}
EVENTS = {
    "DocumentIncarnation": 1,
    "Events": [
        {
            "EventId": "e1",
            "EventType": "Reboot",
            "ResourceType": "VirtualMachine",
            "Resources": ["nva", "nva-2"],
            "EventStatus": "Scheduled",
            "NotBefore": "Mon, 19 Sep 2016 18:29:47 GMT",
        }
    ],
}


def nested(parts: tuple[Any, int]) -> Any:  # noqa: ANN401
    """A value in so many lists."""
    value, depth = parts
    for _ in range(depth):
        value = [value]
    return value


repeats = st.integers(0, 17).map(lambda power: 1 << power)
long_texts = st.tuples(st.text(max_size=4), st.integers(0, 14)).map(lambda t: t[0] * (1 << t[1]))
ranges = st.one_of(
    st.binary(max_size=40),
    st.tuples(st.binary(min_size=1, max_size=3), st.binary(max_size=4), repeats).map(
        lambda parts: parts[0] + parts[1] * parts[2]
    ),
).map(lambda data: base64.b64encode(data).decode())
numbers = st.one_of(st.integers(), st.integers(0, 200).map(lambda digits: 10**digits), st.floats())
leaves = st.one_of(
    st.none(), st.booleans(), numbers, st.text(max_size=20), long_texts, ranges, st.just(RULES)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=8), inner, max_size=4),
        # Deeper than anything is drawn.
        st.tuples(inner, st.integers(1, 60)).map(nested),
    ),
    max_leaves=8,
)


@st.composite
def changed(draw: Callable[..., Any], document: object) -> object:
    """A document with one to three of its values replaced, doubled or left out."""
    copy = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 3))):
        node = copy
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(node[key], dict | list) and draw(st.booleans()):
                node = node[key]
                continue
            act = draw(st.integers(0, 3))
            if act == 0:
                del node[key]
            elif act == 1 and isinstance(node, list):
                node.extend(node[key : key + 1] * draw(st.integers(1, 60)))
            elif act == 2 and isinstance(node[key], str):
                node[key] = draw(edited(node[key].encode())).decode("utf-8", "replace")
            else:
                node[key] = draw(values)
            break
    return copy


@st.composite
def edited(draw: Callable[..., Any], data: bytes) -> bytes:
    """Bytes with a few places overwritten, cut out or repeated."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 30)))
        new = draw(st.one_of(st.binary(max_size=8), st.just(data[at:end] * 2), st.just(b"")))
        data = data[:at] + new + data[end:]
    return data


def document(of: object) -> st.SearchStrategy[bytes]:
    """JSON, or nearly."""
    text = st.one_of(changed(of), changed(of), values).map(json.dumps).map(str.encode)
    brackets = st.tuples(st.sampled_from([b"[", b'{"a":', b"[[", b"1", b'"\\u', b"-"]), repeats)
    return st.one_of(
        text, text, text.flatmap(edited), brackets.map(lambda parts: parts[0] * parts[1])
    )


def packed(data: bytes) -> bytes:
    """A bundle with the right hash."""
    digest = hashlib.sha256(data).hexdigest()
    return f"azure-gwlb-policy/1 sha256:{digest}\n".encode() + gzip.compress(data, 1)


def messages(*parts: bytes) -> st.SearchStrategy[bytes]:
    """Pieces of HTTP in any order, and whatever else."""
    piece = st.one_of(st.sampled_from(parts), st.sampled_from(parts), st.binary(max_size=12))
    repeated = st.tuples(piece, st.integers(0, 12)).map(lambda t: t[0] * (1 << t[1]))
    usual = st.lists(piece, max_size=12).map(b"".join)
    return st.one_of(usual, usual, st.tuples(usual, repeated, usual).map(b"".join))


ANSWER_PARTS = (
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404 \r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 99999999999999999999\r\n", b"5\r\nhello\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"0\r\n", b"ffffffffffff\r\n", b"-1\r\n", b"hello"),
    *(b"Date: \xff\xfe\r\n", f"Date: {DATE}\r\n".encode(), b" folded\r\n", b"x: y\r\n", b"x" * 64),
)
REQUEST_PARTS = (
    *(b"GET /health HTTP/1.1\r\n", b"GET ", b"HEAD ", b"POST ", b"/health", b"/health/application"),
    *(b"?x=1", b"//[", b" HTTP/1.1", b" HTTP/9", b"\r\n", b"\r\n\r\n", b"Host: x\r\n", b"x" * 64),
    *(b"Content-Length: 9\r\n", b"Expect: 100-continue\r\n", b"Connection: keep-alive\r\n"),
)
bodies = document(POLICY)
STRATEGIES: dict[str, st.SearchStrategy[bytes]] = {
    "user_data": st.one_of(
        st.binary(),
        bodies.map(packed).map(base64.b64encode),
        bodies.map(packed).map(base64.b64encode).flatmap(edited),
    ),
    "bundle": st.one_of(st.binary(), bodies.map(packed).flatmap(edited)),
    "body": bodies,
    "events": st.tuples(
        st.one_of(st.just(DATE.encode()), edited(DATE.encode()), st.binary(max_size=9)),
        document(EVENTS),
    ).map(b"\n".join),
    "metadata": messages(*ANSWER_PARTS),
    "http": messages(*REQUEST_PARTS),
}


def search(name: str, until: float, first: int) -> int:
    """Gives a target inputs until then; returns how many. A finding is kept, and raised."""
    target, count, last = TARGETS[name], 0, b""

    def check(data: bytes) -> None:
        nonlocal count, last
        count, last = count + 1, data
        target(data)

    round_of = settings(
        max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    try:
        while time.monotonic() < until:
            first += 1
            seed(first)(round_of(given(STRATEGIES[name])(check)))()
    except Exception as error:
        # The last input that is tried is the smallest that fails.
        kept = SEEDS / name / f"found-{hashlib.sha256(last).hexdigest()[:12]}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(last)
        said = f"{type(error).__name__} {error}"[:500]
        sys.exit(f"{name}: {said} after {count} inputs, the last kept as {kept}")
    return count


def main(argv: list[str]) -> None:
    """All targets, or those named."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    seconds, names = float(argv[0]), argv[1:] or list(TARGETS)
    first = time.time_ns()
    for name in names:
        count = search(name, time.monotonic() + seconds / len(names), first)
        print(f"{name}: {count} inputs, nothing wrong (from seed {first})", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
