"""gwlb-firewall: loads the rules under every policy, before anything can be bridged.

Exit code 0 once they are in the kernel, else 1 with the reason; then the datapath does not start.
Stopping it leaves the rules where they are: closed is the safe side.
"""

from __future__ import annotations

from gwlb.base import rules
from gwlb.process import say
from gwlb.settings import load
from gwlb.system import modprobe


def main(_: list[str]) -> int:
    modprobe("br_netfilter")
    rules.load_host(load())
    found = rules.problems(("inet", "bridge")).values()
    for problem in found:
        say(problem)
    if not found:
        say("nothing passes but what a policy allows")
    return 1 if found else 0
