"""What the policy counted, for people and for Prometheus."""

from __future__ import annotations

import re
from datetime import datetime

from gwlb import fastpath, state
from gwlb.contract import Comment
from gwlb.errors import Failed
from gwlb.flows import conntrack, room
from gwlb.flows.tuning import FRAGMENTS
from gwlb.policy import kernel
from gwlb.system import sysctl

Counts = dict[str, tuple[int, int]]


def rule_counts() -> Counts:
    """Packets and bytes of each rule since the machine started, over all loads of the policy."""
    now, before = kernel.counters(), state.read_json(state.TOTALS)
    packets, size = now.get(Comment.FLOW, (0, 0))
    fast = fastpath.counts()
    if Comment.FLOW in now or fast != (0, 0):
        now[Comment.FLOW] = (packets + fast[0], size + fast[1])
    return {
        rule: (
            now.get(rule, (0, 0))[0] + before.get(rule, (0, 0))[0],
            now.get(rule, (0, 0))[1] + before.get(rule, (0, 0))[1],
        )
        for rule in sorted({*now, *before})
    }


def metrics_text() -> str:
    """Counters and state in Prometheus' text format."""
    counts = rule_counts()
    status = state.read_json(state.POLICY)
    audit = state.read_json(state.AUDIT)
    labels = {"hash": status.get("hash") or "", "source": status.get("source") or ""}
    return "".join(
        [
            *series(
                "gwlb_rule_packets_total",
                "counter",
                "Packets that a rule decided; flow: packets of flows that were let start before.",
                [({"rule": rule}, packets) for rule, (packets, _) in counts.items()],
            ),
            *series(
                "gwlb_rule_bytes_total",
                "counter",
                "Bytes of the packets that a rule decided.",
                [({"rule": rule}, size) for rule, (_, size) in counts.items()],
            ),
            *series(
                "gwlb_express_packets_total",
                "counter",
                'Packets of running flows that took the fast path; rule "flow" has them, too.',
                [({}, fastpath.counts()[0])],
            ),
            *series(
                "gwlb_long_way_packets_total",
                "counter",
                "Packets at the NIC that did not, by what kept them from it.",
                [({"reason": why}, count) for why, count in fastpath.long_way().items()],
            ),
            *series(
                "gwlb_self_test_lost_total",
                "counter",
                "Self-tests of which no packet came through, by way.",
                [
                    ({"way": way}, count)
                    for way, count in state.read_json(state.SELF_TEST).get("lost", {}).items()
                ],
            ),
            *series("gwlb_policy_info", "gauge", "The policy in force.", [(labels, 1)]),
            *series(
                "gwlb_policy_loaded_timestamp_seconds",
                "gauge",
                "When the policy in force was loaded.",
                [({}, seconds_of(status.get("loadedAt")))],
            ),
            *series(
                "gwlb_policy_refused",
                "gauge",
                "1 if the policy in userData was refused.",
                [({}, int(bool(status.get("refused"))))],
            ),
            *series(
                "gwlb_imds_up",
                "gauge",
                "1 if the metadata service answered when last asked.",
                [({}, int(status.get("imds") == "ok"))],
            ),
            *series(
                "gwlb_audit_records_total",
                "counter",
                "Records of decisions that were written.",
                [({}, int(audit.get("written", 0)))],
            ),
            *series(
                "gwlb_audit_suppressed_total",
                "counter",
                "Records that the rate limit kept from being written.",
                [({}, int(audit.get("suppressed", 0)))],
            ),
            *flow_series(),
            *fragment_series(),
        ]
    )


def fragment_series() -> list[str]:
    """What became of fragments, and the memory that those of IPv4 take just now."""
    ip = [line.split() for line in _kernel("snmp").splitlines() if line.startswith("Ip:")]
    failed4 = dict(zip(*ip)).get("ReasmFails", 0) if ip else 0
    failed6 = re.search(r"Ip6ReasmFails\s+(\d+)", _kernel("snmp6"))
    taken = re.search(r"FRAG: .* memory (\d+)", _kernel("sockstat"))
    return [
        *series(
            "gwlb_reassembly_failures_total",
            "counter",
            "Packets given up because fragments of them were missing or had no room.",
            [
                ({"family": "4"}, int(failed4)),
                ({"family": "6"}, int(failed6.group(1)) if failed6 else 0),
            ],
        ),
        *series(
            "gwlb_reassembly_bytes",
            "gauge",
            "Memory that fragments of IPv4 take.",
            [({}, int(taken.group(1)) if taken else 0)],
        ),
        *series(
            "gwlb_reassembly_limit_bytes",
            "gauge",
            "Memory that they may take.",
            [({}, int(sysctl(FRAGMENTS[0]) or 0))],
        ),
    ]


def _kernel(name: str) -> str:
    """What the kernel says of this namespace of the network."""
    try:
        return (state.ROOT / "proc/net" / name).read_text(encoding="ascii")
    except OSError:
        return ""


def flow_series() -> list[str]:
    """How full the connection table is, and what became of new flows."""
    entries, limit = conntrack.size()
    try:
        counts = conntrack.statistics()
    except Failed:
        counts = {}
    rows = [
        ("", "gauge", "Entries of the connection table.", entries),
        ("_limit", "gauge", "Entries that it takes.", limit),
        (
            "_evicted_total",
            "counter",
            "Established flows that were forgotten for new ones.",
            room.seen()["evicted"],
        ),
        (
            "_early_drop_total",
            "counter",
            "Other flows that were forgotten for new ones.",
            counts.get("early_drop", 0),
        ),
        (
            "_drop_total",
            "counter",
            "Packets dropped because the table was full.",
            counts.get("drop", 0),
        ),
        (
            "_insert_failed_total",
            "counter",
            "Packets dropped because another had made their entry.",
            counts.get("insert_failed", 0),
        ),
    ]
    return [
        line
        for name, kind, text, value in rows
        for line in series(f"gwlb_flows{name}", kind, text, [({}, value)])
    ]


def series(name: str, kind: str, text: str, samples: list[tuple[dict[str, str], int]]) -> list[str]:
    """One metric; values of labels hold nothing that needs escaping."""
    lines = [f"# HELP {name} {text}\n# TYPE {name} {kind}\n"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{label}"' for key, label in labels.items())
        lines.append(f"{name}{{{inside}}} {value}\n" if inside else f"{name} {value}\n")
    return lines


def seconds_of(text: str | None) -> int:
    """Unix time of a time in the state; 0 if there is none."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) if text else 0
