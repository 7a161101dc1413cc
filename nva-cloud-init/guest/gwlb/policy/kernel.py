"""Loads a policy into the kernel, tells whether it is still there, and reads its counters.

Rules live in iptables' filter table in chains of two names, GWLB-A-* and GWLB-B-*: the new policy
is loaded into the names that are not in force, tested, and put in force by one nftables
transaction (gwlb.policy.sets) that marks packets for it. Until then the old rules judge every
packet, after it the new ones do.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass

from gwlb import fastpath
from gwlb.contract import Chain, Comment, Device, Mark
from gwlb.errors import Failed
from gwlb.policy.bundle import Bundle
from gwlb.policy.sets import SLOT_MARKS, TABLE, TAG_MASK, flip_script
from gwlb.process import run
from gwlb.ruleset import IPTABLES, steady

# The protocol of error messages.
ERRORS = {4: "icmp", 6: "ipv6-icmp"}
# Packets under way in the old rules when the new ones take over have left them long after this.
SETTLE_SECONDS = 0.2
COMMAND_SECONDS = 60


@dataclass(frozen=True)
class InForce:
    """What the kernel judges packets by, as the kernel itself tells it."""

    slot: str
    generation: int
    hash: str


def loaded(text: str, *argv: str) -> None:
    """Gives a tool rules to load, or to test."""
    run([*argv], text, COMMAND_SECONDS)


def listed(*argv: str) -> str:
    """The listing of a tool, known to be right."""
    return steady(lambda: run([*argv], seconds=COMMAND_SECONDS))


def in_force() -> InForce | None:
    """The policy in force; None when there is none."""
    found = re.search(r'comment "([AB]) (\d+) ([0-9a-f]{64})"', chains_listed())
    return found and InForce(found.group(1), int(found.group(2)), found.group(3))


def chains_listed() -> str:
    """Our table without the elements of its maps; empty if there is none.

    Only a ruleset is listed without asking the kernel for the elements, which takes seconds.
    """
    text = listed("nft", "-t", "list", "ruleset", "inet")
    found = re.search(rf"^table {TABLE} {{$.*?^}}", text, re.MULTILINE | re.DOTALL)
    return found.group() if found else ""


def load(bundle: Bundle, last_generation: int) -> InForce:
    """Puts a policy in force, or raises Failed and leaves everything as it was."""
    old = in_force()
    slot = other(old.slot if old else "B")
    last = max(last_generation, old.generation if old else 0)
    generation = last % Mark.GENERATION + 1
    clear_slot(slot)
    texts = {family: filter_script(bundle, family, slot, generation) for family in IPTABLES}
    flip = flip_script(bundle, slot, generation, stale_objects())
    for family, tool in IPTABLES.items():
        loaded(texts[family], f"{tool}-restore", "--noflush", "--test")
    loaded(flip, "nft", "-c", "-f", "-")
    for family, tool in IPTABLES.items():
        loaded(texts[family], f"{tool}-restore", "--noflush")
    # No packet goes past the rules while the new ones take over.
    fastpath.close()
    try:
        loaded(flip, "nft", "-f", "-")
    except Failed:
        fastpath.set_generation(old.generation if old else 0)
        raise
    fastpath.set_generation(generation)
    return InForce(slot, generation, bundle.hash)


def clear_slot(slot: str) -> None:
    """Empties and removes the rules of a generation that is not in force."""
    for tool in IPTABLES.values():
        chains = [name for name in user_chains(tool) if name.startswith(f"GWLB-{slot}-")]
        if chains:
            lines = ["*filter", f":GWLB-{slot} - [0:0]"]
            lines += [f"-F {name}" for name in chains] + [f"-X {name}" for name in chains]
            loaded("\n".join([*lines, "COMMIT", ""]), f"{tool}-restore", "--noflush")


def wait_until_settled() -> None:
    """Waits until no packet can be in the rules of the other generation any more."""
    time.sleep(SETTLE_SECONDS)


def other(slot: str) -> str:
    """The name that is not in force."""
    return "B" if slot == "A" else "A"


def user_chains(tool: str) -> list[str]:
    """Names of the chains that somebody made in the filter table."""
    return re.findall(r"^-N (\S+)$", listed(tool, "-S"), re.MULTILINE)


def stale_objects() -> list[str]:
    """Commands that remove maps and chains of earlier generations, users before used."""
    text = chains_listed()
    chains = [name for name in re.findall(r"\bchain (\w+) {", text) if name != "forward"]
    return [
        *(f"flush chain {TABLE} {name}" for name in chains),
        *(f"delete map {TABLE} {name}" for name in re.findall(r"\bmap (\w+) {", text)),
        *(f"delete chain {TABLE} {name}" for name in chains),
    ]


def filter_script(bundle: Bundle, family: int, slot: str, generation: int) -> str:
    """Input for `iptables-restore --noflush`: the entry to the rules, and the rules."""
    own = f"GWLB-{slot}"
    by_mark = "-A GWLB -m mark --mark"
    lines = [
        "*filter",
        ":GWLB - [0:0]",
        f":{own} - [0:0]",
        f"{by_mark} {Mark.TAKEN:#x}/{TAG_MASK:#x} -m comment --comment {Comment.FLOW} -j ACCEPT",
    ]
    present = {*user_chains(IPTABLES[family]), own}
    if f"GWLB-{other(slot)}" not in present:
        lines.insert(3, f":GWLB-{other(slot)} - [0:0]")
    lines += [f"{by_mark} {SLOT_MARKS[s]:#x}/{TAG_MASK:#x} -j GWLB-{s}" for s in ("A", "B")]
    lines += [rule.replace("@", own) for rule in entry_rules(bundle, family, generation)]
    lines += [
        line.replace("-j ACCEPT", f"-g {Chain.TAKE}").replace("@", own)
        for line in bundle.filters[family]
    ]
    # A chain must be there before a rule names it.
    lines[1:] = sorted(lines[1:], key=lambda line: not line.startswith(":"))
    return "\n".join([*lines, "COMMIT", ""])


def entry_rules(bundle: Bundle, family: int, generation: int) -> list[str]:
    """From the entry to the chain of the flow's direction; and the chain that takes a flow."""
    bridged = "-m physdev --physdev-is-bridged --physdev-in"
    take = f"-A {Chain.TAKE}"
    declared = f":{Chain.TAKE} - [0:0]"
    passed = f"{take} -j MARK --set-xmark {Mark.PASSED:#x}/{Mark.PASSED:#x}"
    if not bundle.stateful:
        return [
            declared,
            f"-A @ {bridged} {Device.EXTERNAL} -g {Chain.INBOUND}",
            f"-A @ {bridged} {Device.INTERNAL} -g {Chain.OUTBOUND}",
            passed,
            f"{take} -j ACCEPT",
        ]
    straight, answer = (f"-m mark --mark {bit:#x}/{Mark.ANSWER:#x}" for bit in (0, Mark.ANSWER))
    not_turned, turned = (f"-m mark --mark {bit:#x}/{Mark.TURNED:#x}" for bit in (0, Mark.TURNED))
    remember = "-j CONNMARK --set-xmark"
    return [
        declared,
        f"-A @ {straight} {bridged} {Device.EXTERNAL} -g {Chain.INBOUND}",
        f"-A @ {straight} {bridged} {Device.INTERNAL} -g {Chain.OUTBOUND}",
        f"-A @ {answer} {bridged} {Device.EXTERNAL} -g {Chain.OUTBOUND_ANSWER}",
        f"-A @ {answer} {bridged} {Device.INTERNAL} -g {Chain.INBOUND_ANSWER}",
        passed,
        # An error message carries the flow that it is about, and must not vouch for it. Nothing
        # else is related: helpers, which open other flows, are not loaded.
        f"{take} -p {ERRORS[family]} -m conntrack --ctstate RELATED -j ACCEPT",
        # Were it tracked, it would be as what it hides.
        *([f"{take} -p ah -j ACCEPT"] if family == 6 else []),
        f"{take} {not_turned} {remember} {generation:#x}/0xffffffff",
        f"{take} {turned} {remember} {generation | Mark.TURNED:#x}/0xffffffff",
        f"{take} -j ACCEPT",
    ]


# --- is it still there ---------------------------------------------------------------------------


def fingerprint() -> str:
    """A digest of everything that decides about a bridged packet: our chains, sets, and FORWARD."""
    kept = []
    for tool in IPTABLES.values():
        own = re.compile(r"-[AN] GWLB\S*(?: |$)|-[AP] FORWARD ")
        lines = [line for line in listed(tool, "-S").splitlines() if own.match(line)]
        kept += [tool, *lines]
    kept.append(
        re.sub(r"counter packets \d+ bytes \d+", "", listed("nft", "list", "table", *TABLE.split()))
    )
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()


def is_whole(bundle: Bundle, current: InForce) -> bool:
    """True if every rule of a policy that was just loaded is there, and it is in force."""
    for family, tool in IPTABLES.items():
        script = filter_script(bundle, family, current.slot, current.generation).splitlines()
        own = re.compile(rf"-A GWLB(?:-{current.slot}\S*)? ")
        wanted = sum(bool(own.match(line)) for line in script)
        if wanted != sum(bool(own.match(line)) for line in listed(tool, "-S").splitlines()):
            return False
    return in_force() == current


def entrance_problem() -> str | None:
    """Why bridged packets do not reach the rules, or pass without them; None if all is well."""
    for tool in IPTABLES.values():
        lines = listed(tool, "-S", "FORWARD").splitlines()
        if "-P FORWARD DROP" not in lines:
            return f"{tool}: the policy of FORWARD is not DROP"
        jumps = [place for place, line in enumerate(lines) if line.endswith("-j GWLB")]
        if not jumps:
            return f"{tool}: FORWARD does not lead to GWLB"
        if any(line.endswith("-j ACCEPT") for line in lines[: jumps[0]]):
            return f"{tool}: FORWARD accepts packets before they reach GWLB"
    return None


# --- counters ------------------------------------------------------------------------------------

COUNTED = re.compile(
    r"^\[(\d+):(\d+)\] -A GWLB(?:-([AB])-\S+)? .*--comment \"?"
    rf"(?!{Comment.LOG})([a-z0-9:-]+)\"?",
    re.MULTILINE,
)


def counters(slot: str | None = None) -> dict[str, tuple[int, int]]:
    """Packets and bytes by rule, both families together; `flow` is what needed no new verdict.

    With a slot only the rules loaded under that name are read.
    """
    totals: dict[str, tuple[int, int]] = {}
    for tool in IPTABLES.values():
        for packets, size, at, name in COUNTED.findall(
            listed(f"{tool}-save", "-c", "-t", "filter")
        ):
            if slot in (None, at):
                before = totals.get(name, (0, 0))
                totals[name] = (before[0] + int(packets), before[1] + int(size))
    return totals


def logged_counts(counted: dict[str, tuple[int, int]], slot: str) -> dict[str, int]:
    """Packets that should have a record, by rule, of what the rules of a slot counted."""
    names = {
        name
        for tool in IPTABLES.values()
        for name in re.findall(
            rf"-A GWLB-{slot}-.*--comment \"?{Comment.LOG}([a-z0-9-]+)", listed(tool, "-S")
        )
    }
    # A limited rule logs what is over its limit.
    return {
        name: counted.get(f"{Comment.OVER}{name}", counted.get(name, (0, 0)))[0] for name in names
    }
