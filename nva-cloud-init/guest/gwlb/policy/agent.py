"""Brings the policy from the metadata service into the kernel, and keeps it there."""

from __future__ import annotations

import http.client
import math
import time
from typing import Any

from gwlb import state
from gwlb.contract import Comment
from gwlb.errors import Failed, ImdsError, RefusedError
from gwlb.foreign import parse_json
from gwlb.imds import ANSWER_LIMIT, fetch
from gwlb.policy import kernel
from gwlb.policy.bundle import Bundle, parse_bundle, parse_user_data
from gwlb.policy.user_data import UserData
from gwlb.process import say
from gwlb.ruleset import ruleset_number
from gwlb.settings import Settings
from gwlb.system import Events

HEALTH_SECONDS = 5.0
RETRY_SECONDS = 60.0
LOOKS = 3
REST_SECONDS = 0.2


class Agent:
    """The policy's life on this machine. `state` is what health and people read."""

    def __init__(self, settings: Settings) -> None:
        """Takes up the state of an earlier run on this boot."""
        self.settings = settings
        saved = state.read_json(state.POLICY)
        self.generation = int(saved.get("generation") or 0)
        self.state: dict[str, Any] = {
            "hash": saved.get("hash"),
            "source": saved.get("source"),
            "loadedAt": saved.get("loadedAt"),
            "refused": saved.get("refused"),
            "imds": saved.get("imds", "not asked yet"),
            "saved": saved.get("saved", True),
            # Hash by the letter in a packet's mark, so that records name the policy that decided.
            "slots": saved.get("slots", {}),
        }
        self.bundle: Bundle | None = None
        self.seen = ""
        self.retry_at = 0.0

    def publish(self) -> None:
        """Writes the state; a failure is said, and changes nothing about the packets."""
        try:
            state.write_json(state.POLICY, {**self.state, "generation": self.generation})
        except OSError as error:
            say(f"state not written: {error}")

    # --- putting a policy in force ---------------------------------------------------------------

    def load(self, bundle: Bundle, source: str) -> None:
        """Puts a policy in force and says so; Failed leaves the old one in force."""
        started = time.monotonic()
        with state.alone():
            saved = int(state.read_json(state.POLICY).get("generation") or 0)
            old = kernel.in_force()
            flow = kernel.counters().get(Comment.FLOW, (0, 0)) if old else (0, 0)
            current = kernel.load(bundle, max(self.generation, saved))
            self.generation = current.generation
            self.bundle = bundle
            self.state["slots"] = {**self.state["slots"], current.slot: bundle.hash}
            self.publish()
            kernel.wait_until_settled()
            if old:
                counted = kernel.counters(old.slot)
                self.keep_counters(
                    {**counted, Comment.FLOW: flow}, kernel.logged_counts(counted, old.slot)
                )
            kernel.clear_slot(kernel.other(current.slot))
            self.record_fingerprint(bundle, current)
            self.state |= {"hash": bundle.hash, "source": source, "loadedAt": state.now()}
            self.publish()
        milliseconds = (time.monotonic() - started - kernel.SETTLE_SECONDS) * 1000
        say(
            f"policy {bundle.hash[:12]} in force from {source} as generation "
            f"{current.slot}{current.generation}, loaded in {milliseconds:.0f} ms"
        )

    def keep_counters(self, before: dict[str, tuple[int, int]], logged: dict[str, int]) -> None:
        """Adds what the rules counted to the totals, since new rules count from zero."""
        totals = state.read_json(state.TOTALS)
        named = {
            name
            for lines in (self.bundle.filters if self.bundle else {}).values()
            for line in lines
            for name in line.split(" ")
        }
        for name, (packets, size) in before.items():
            old = totals.get(name, [0, 0])
            totals[name] = [old[0] + packets, old[1] + size]
        kept = {
            name: count for name, count in totals.items() if name in named or name == Comment.FLOW
        }
        known = state.read_json(state.LOGGED)
        due = {rule: known.get(rule, 0) + logged.get(rule, 0) for rule in {*known, *logged}}
        try:
            state.write_json(state.TOTALS, kept)
            state.write_json(state.LOGGED, due)
        except OSError as error:
            say(f"counters not kept: {error}")

    def record_fingerprint(self, bundle: Bundle, current: kernel.InForce) -> None:
        """Keeps what the kernel should look like, for verify.

        If somebody changed the rules while they were loaded, that is not what they should look
        like: then nothing matches, and the next step repairs.
        """
        number = ruleset_number()
        mark = kernel.fingerprint()
        # After it: a rule that came before it is seen by one of the two, whenever it came.
        if not kernel.is_whole(bundle, current):
            mark = ""
        try:
            state.write_json(state.FINGERPRINT, {"fingerprint": mark, "number": mark and number})
        except OSError as error:
            say(f"fingerprint not written: {error}")

    def restore(self) -> None:
        """Loads the last good policy from the disk, unless a policy is in force and whole.

        That may be a later one, which an agent before this one had no time to keep.
        """
        bundle = None
        try:
            bundle = parse_bundle(state.LAST_GOOD.read_bytes())
        except FileNotFoundError:
            say("no policy on disk")
        except (OSError, RefusedError) as error:
            say(f"last good policy on disk cannot be used: {error}")
        current = kernel.in_force()
        if current and verify_problem() is None:
            self.bundle = bundle if bundle and bundle.hash == current.hash else None
            say(f"policy {current.hash[:12]} is in force already")
        elif bundle is None:
            say("no policy is in force: nothing passes until one arrives")
        else:
            try:
                self.load(bundle, "disk")
            except Failed as error:
                say(f"last good policy {bundle.hash[:12]} not loaded: {error}")

    def save(self, bundle: Bundle) -> None:
        """Keeps a policy that has proven good for the next boot."""
        try:
            state.write_atomically(state.LAST_GOOD, bundle.raw)
            self.state["saved"] = True
        except OSError as error:
            self.state["saved"] = f"not saved for the next boot: {error}"
            say(f"policy {bundle.hash[:12]} {self.state['saved']}")

    # --- following the metadata service ----------------------------------------------------------

    def step(self, text: str | None, imds: str) -> None:
        """What the metadata service said, or that it said nothing."""
        if imds != self.state["imds"]:
            say(f"metadata service: {imds}")
            self.state["imds"] = imds
        if text is not None and (text != self.seen or time.monotonic() > self.retry_at):
            self.seen, self.retry_at = text, time.monotonic() + RETRY_SECONDS
            self.take(text)
        self.publish()

    def take(self, text: str) -> None:
        """Puts what the metadata service holds in force, or refuses it."""
        bundle_hash = None
        try:
            if not text:
                raise RefusedError("userData is empty")
            bundle = parse_user_data(text)
            bundle_hash = bundle.hash
            current = kernel.in_force()
            if current is None or current.hash != bundle.hash:
                self.replace(bundle)
            self.bundle = bundle
            self.state |= {"refused": None, "source": "imds"}
            if not state.LAST_GOOD.exists() or state.LAST_GOOD.read_bytes() != bundle.raw:
                self.save(bundle)
        except Failed as error:
            self.refuse(bundle_hash, str(error))

    def refuse(self, bundle_hash: str | None, reason: str) -> None:
        """Says once why a policy is not in force."""
        old = self.state["refused"]
        if old and (old["hash"], old["reason"]) == (bundle_hash, reason):
            return
        self.state["refused"] = {"hash": bundle_hash, "reason": reason, "at": state.now()}
        say(f"policy {(bundle_hash or 'without hash')[:12]} refused: {reason}")

    def replace(self, bundle: Bundle) -> None:
        """Loads a policy, looks at the data path, and goes back if the policy broke it."""
        old, was_healthy = self.bundle, self.healthy()
        self.load(bundle, "imds")
        problem = verify_problem()
        if problem is None and was_healthy and not self.healthy_within(HEALTH_SECONDS):
            problem = "health was 200 before and is not any more"
        if problem is None or old is None:
            return
        self.load(old, "disk")
        self.retry_at = math.inf  # trying it again would break the data path again
        raise RefusedError(f"taken back: {problem}")

    def healthy(self) -> bool:
        """The answer that the load balancer's probe would get if the NVA were not draining."""
        try:
            answer = fetch(self.settings.health_url, 2.0)
            if answer.status == http.client.OK:
                return True
            return parse_json(answer.body, ANSWER_LIMIT)["problems"] == []
        except (ImdsError, ValueError, LookupError, TypeError):
            return False

    def healthy_within(self, seconds: float) -> bool:
        """Asks until health is good or the time is over."""
        deadline = time.monotonic() + seconds
        while not self.healthy():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True

    def repair(self) -> None:
        """Loads the policy again when somebody changed the rules in the kernel."""
        if self.bundle is None or (problem := verify_problem()) is None:
            return
        say(f"rules in the kernel are not those of the policy: {problem}")
        try:
            self.load(self.bundle, self.state["source"] or "disk")
        except Failed as error:
            say(f"not repaired: {error}")

    def run(self) -> None:
        """Follows the metadata service for ever."""
        self.restore()
        seconds = self.settings.poll_seconds
        user_data = UserData(seconds)
        events = Events(rules=True, also=[user_data.news])
        while True:
            heard = events.wait(seconds)
            answer = user_data.take()
            if heard and not answer:
                # Who changes rules often changes several: one look serves them all.
                time.sleep(REST_SECONDS)
            self.repair()
            if answer:
                self.step(*answer)


def verify_problem() -> str | None:
    """Why the rules in the kernel are not those of the policy in force; None if they are.

    Cheap while nothing changes: the kernel numbers every change of its rules. While a policy is
    loaded the one before it, or the new one, judges every packet; what the kernel should look like
    is known when that is done, so nothing is wrong meanwhile.
    """
    problem = None
    for _ in range(LOOKS):
        known = state.read_json(state.FINGERPRINT)
        if "fingerprint" not in known:
            return "no policy in force"
        # Not to list long sets that are just being loaded.
        if state.being_loaded():
            return None
        problem = difference(known)
        if problem is None or state.being_loaded():
            return None
        # A load may have ended while we looked.
        if state.read_json(state.FINGERPRINT).get("fingerprint") == known["fingerprint"]:
            return problem
    return problem


def difference(known: dict[str, Any]) -> str | None:
    """What about the kernel is not as it was when the policy was loaded."""
    try:
        number = ruleset_number()
        if number == known.get("number"):
            return None
        problem = kernel.entrance_problem()
        if problem is None and kernel.fingerprint() != known.get("fingerprint"):
            problem = "rules or address sets were changed by somebody else"
        if problem is None and not state.being_loaded():
            with state.alone():
                if state.read_json(state.FINGERPRINT) == known:
                    state.write_json(state.FINGERPRINT, {**known, "number": number})
    except (OSError, Failed) as error:
        return str(error)
    return problem
