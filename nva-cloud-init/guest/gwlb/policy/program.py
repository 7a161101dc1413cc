"""gwlb-policy: the firewall policy of this NVA.

Reads /etc/azure-gwlb/settings.json, keeps /var/lib/azure-gwlb/policy.last, and writes
/run/azure-gwlb/policy.json. Needs root. For tests: ROOT goes before every path, GWLB_IMDS is the
address of the metadata service.
"""

from __future__ import annotations

import json

from gwlb.policy.agent import Agent, verify_problem
from gwlb.policy.metrics import metrics_text, rule_counts
from gwlb.process import say
from gwlb.settings import load

USAGE = """\
  gwlb-policy restore   load the last good policy from the disk (at boot, before packets flow)
  gwlb-policy run       follow the metadata service: load each new policy, keep the last good one
  gwlb-policy verify    exit 0 if the rules in the kernel are those of the policy in force,
                        else 1 with the reason on stderr
  gwlb-policy counters  one JSON line per rule: {"rule", "packets", "bytes"}
  gwlb-policy metrics   counters and state in Prometheus' text format"""


def print_counters() -> None:
    """Prints the counters of each rule since the machine started."""
    for rule, (packets, size) in rule_counts().items():
        print(json.dumps({"rule": rule, "packets": packets, "bytes": size}))


def main(argv: list[str]) -> int:
    """Runs the verb of the command line."""
    verb = argv[0] if len(argv) == 1 else ""
    if verb == "restore":
        Agent(load()).restore()
    elif verb == "run":
        Agent(load()).run()
    elif verb == "verify":
        if problem := verify_problem():
            say(f"gwlb-policy: {problem}")
            return 1
    elif verb == "counters":
        print_counters()
    elif verb == "metrics":
        print(metrics_text(), end="")
    else:
        say(USAGE)
        return 2
    return 0
