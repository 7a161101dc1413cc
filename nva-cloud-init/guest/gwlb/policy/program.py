"""gwlb-policy: the firewall policy of this NVA.

Reads /etc/azure-gwlb/settings.json, keeps /var/lib/azure-gwlb/policy.last, and writes
/run/azure-gwlb/policy.json. Needs root. For tests: ROOT goes before every path, GWLB_IMDS is the
address of the metadata service.
"""

from __future__ import annotations

import json
import sys

from gwlb.policy.agent import Agent, verify_problem
from gwlb.policy.bundle import RefusedError
from gwlb.policy.metrics import metrics_text, rule_counts

USAGE = """\
  gwlb-policy restore   load the last good policy from the disk (at boot, before packets flow)
  gwlb-policy run       follow the metadata service: load each new policy, keep the last good one
  gwlb-policy verify    exit 0 if the rules in the kernel are those of the policy in force,
                        else 1 with the reason on stderr
  gwlb-policy counters  one JSON line per rule: {"rule", "packets", "bytes"}
  gwlb-policy metrics   counters and state in Prometheus' text format"""


def say(text: str) -> None:
    """One line in the journal."""
    print(f"gwlb-policy: {text}", flush=True)


def print_counters() -> None:
    """What each rule counted since the machine started."""
    for rule, (packets, size) in rule_counts().items():
        print(json.dumps({"rule": rule, "packets": packets, "bytes": size}))


def verb(argv: list[str]) -> int:
    """Runs one verb."""
    match argv:
        case ["restore"]:
            Agent(say).restore()
        case ["run"]:
            Agent(say).run()
        case ["verify"]:
            if problem := verify_problem():
                print(f"gwlb-policy: {problem}", file=sys.stderr)
                return 1
        case ["counters"]:
            print_counters()
        case ["metrics"]:
            print(metrics_text(), end="")
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    return 0


def main() -> int:
    """Runs the verb of the command line."""
    try:
        return verb(sys.argv[1:])
    except (RefusedError, OSError) as error:
        print(f"gwlb-policy: {error}", file=sys.stderr)
        return 1
