"""Two clients that never give up, for drills: one must never get through, one should.

    prober.py ADDRESS FLOW=SOURCE:PORT ...

Every 50 ms each flow begins a handshake with ADDRESS; it passes if it is answered within a second.
Prints one JSON line for each handshake that ended, with the time of its beginning in milliseconds
since 1970, and the totals once stdin ends.
"""

import contextlib
import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

PACE = 0.05
PATIENCE = 1.0


@dataclass
class Flow:
    name: str
    source: str
    port: int
    sent: int = 0
    answered: int = 0
    waiting: dict[socket.socket, float] = field(default_factory=dict)
    begun: dict[socket.socket, int] = field(default_factory=dict)

    def knock(self, address: str, selector: selectors.BaseSelector) -> None:
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.setblocking(False)
        one.bind((self.source, 0))
        with contextlib.suppress(BlockingIOError):
            one.connect((address, self.port))
        self.sent += 1
        self.begun[one] = time.time_ns() // 1_000_000
        self.waiting[one] = time.monotonic() + PATIENCE
        selector.register(one, selectors.EVENT_WRITE, self)

    def end(self, one: socket.socket, passes: bool) -> None:
        del self.waiting[one]
        one.close()
        self.answered += passes
        ended = {"flow": self.name, "passes": passes, "begun": self.begun.pop(one)}
        print(json.dumps(ended), flush=True)


def work(address: str, flows: list[Flow]) -> None:
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    knock_at = time.monotonic()
    while True:
        now = time.monotonic()
        if now >= knock_at:
            knock_at = now + PACE
            for flow in flows:
                flow.knock(address, selector)
        for flow in flows:
            for one in [one for one, until in flow.waiting.items() if until < now]:
                selector.unregister(one)
                flow.end(one, passes=False)
        for key, _ in selector.select(max(0, knock_at - time.monotonic())):
            if not isinstance(key.data, Flow) or not isinstance(key.fileobj, socket.socket):
                return
            refused = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            selector.unregister(key.fileobj)
            # A refusal is an answer of the VM: it was reached.
            key.data.end(key.fileobj, passes=refused in (0, 111))


def main() -> None:
    flows: list[Flow] = []
    for argument in sys.argv[2:]:
        name, _, client = argument.partition("=")
        source, _, port = client.partition(":")
        flows.append(Flow(name, source, int(port)))
    work(sys.argv[1], flows)
    totals = {flow.name: {"sent": flow.sent, "answered": flow.answered} for flow in flows}
    print(json.dumps({"totals": totals}), flush=True)


main()
