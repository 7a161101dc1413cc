"""What health says is wrong: looked at when somebody asks, once for all who ask at a time."""

from __future__ import annotations

import os
import threading
import time

from gwlb.base.checks import look
from gwlb.errors import Failed
from gwlb.foreign import short
from gwlb.health.selftest import SelfTest
from gwlb.policy.agent import verify_problem
from gwlb.process import say, supervised
from gwlb.settings import Settings
from gwlb.state import POLICY, read_json
from gwlb.system import address_of, outward_device

# The probe allows its interval, 5 s at least: far more than an answer may take.
ANSWER_SECONDS = 2.0
FRESH_SECONDS = 0.2
# More say no more.
MOST_PROBLEMS = 20


class Looker:
    """Looks when asked, once for all who ask at about the same time."""

    # What is done, the seconds that an answer may take, and those for which the last one counts
    # while there is no newer.
    what = "looking"
    patience = ANSWER_SECONDS
    memory = FRESH_SECONDS

    def __init__(self) -> None:
        self._asked = threading.Condition()
        self._wanted = False
        self._at = float("-inf")
        self._problems: tuple[str, ...] = ()
        supervised(self._work)

    def problems(self) -> tuple[str, ...]:
        """What is wrong just now; that no look ended in time is wrong, too."""
        begun = time.monotonic()
        with self._asked:
            if begun - self._at > FRESH_SECONDS:
                self._wanted = True
                self._asked.notify_all()
                self._asked.wait_for(lambda: self._at >= begun, self.patience)
                if begun - self._at > self.memory:
                    return (f"{self.what} takes more than {self.patience:g} s",)
            return self._problems

    def look(self) -> tuple[str, ...]:
        """What is wrong, however long that takes to tell."""
        raise NotImplementedError

    def _work(self) -> None:
        while True:
            with self._asked:
                self._asked.wait_for(lambda: self._wanted)
                self._wanted = False
            problems = self.look()
            with self._asked:
                # The time of its end: a look under way was asked for by those who wait for it.
                self._at = time.monotonic()
                self._problems = problems
                self._asked.notify_all()


class Policy(Looker):
    """Compares the kernel with the policy: long lists of addresses take seconds to be listed."""

    what = "comparing rules and address sets"
    patience = 0.5
    memory = 60.0

    def look(self) -> tuple[str, ...]:
        problem = verify_problem()
        return (f"policy: {problem}",) if problem else ()


class Nva(Looker):
    """All of it."""

    def __init__(self, settings: Settings, address: str, test: SelfTest) -> None:
        self._settings = settings
        self._address = address
        self.test = test
        self._policy = Policy()
        self._said: tuple[str, ...] | None = None
        super().__init__()

    def look(self) -> tuple[str, ...]:
        try:
            nic = outward_device()
            if nic is None or address_of(nic) != self._address:
                say(f"{self._address} is not the address of {nic or 'any NIC'}: starting anew")
                os._exit(1)
            found = look(self._settings)
            # Otherwise it is known why none comes through.
            tested = [] if found.unsafe or found.broken else self.test.problems()
            problems = (
                *(*found.unsafe, *found.broken, *tested),
                *(*found.flows, *self._policy_problems()),
            )
        except Failed as error:
            problems = (str(error),)
        problems = tuple(map(short, problems[:MOST_PROBLEMS]))
        if problems != self._said:
            say("whole" if not problems else f"not whole: {'; '.join(problems)}")
            self._said = problems
        return problems

    def _policy_problems(self) -> tuple[str, ...]:
        if not read_json(POLICY).get("hash"):
            return ("no policy is in force: nothing passes",)
        return self._policy.problems()
