"""The rules under every policy: what is neither judged by one nor allowed by this stays out.

Three guards, in places of their own, so that none falls with another:
 - iptables: FORWARD drops; bridged packets get a mark there and go to the policy's chain GWLB;
 - nftables: only IPv4 and IPv6 frames cross the bridge, the host takes nothing from the tunnels,
   and a tunnel sends nothing without that mark: no frame that no rule has seen, and no ARP, IPv6
   or discovery chatter of the host's own;
 - traffic control: the same at a tunnel's way out, for `nft flush ruleset` empties all tables.
"""

from __future__ import annotations

import ipaddress
import re

from gwlb import contract
from gwlb.base import inner
from gwlb.errors import Failed, TooSlow
from gwlb.process import run, say
from gwlb.ruleset import IPTABLES, ruleset_number, steady
from gwlb.settings import BRIDGE, EXTERNAL, GROUPS, INTERNAL, Settings, Tunnel
from gwlb.state import BASE, read_json, write_json

# This bit of a packet's mark says "the policy lets it pass", which no other rule says: an ACCEPT of
# somebody else's takes no packet past the guards behind.
PASSED = f"{contract.Mark.PASSED:#x}"
SELF_TEST = f"{contract.Mark.SELF_TEST:#x}"
TOOLS = tuple(IPTABLES.values())
FORWARD = [
    "-P FORWARD DROP",
    "-A FORWARD -m physdev --physdev-is-bridged -j GWLB",
    f"-A FORWARD -m mark --mark {SELF_TEST}/{SELF_TEST} -j MARK --set-xmark {PASSED}/{PASSED}",
    f"-A FORWARD -m mark --mark {SELF_TEST}/{SELF_TEST} -j ACCEPT",
]
# TC_ACT_UNSPEC: to go on; TC_ACT_SHOT.
GO_ON, SHOT = 0xFFFFFFFF, 2
TABLE = "azure_gwlb"
TRAFFIC = "traffic control"
# Of a kernel without the classifier, as against one that refuses something.
LACKS = re.compile("not found|is unknown")
PLACES = (*TOOLS, "inet", "bridge", "netdev", TRAFFIC)
# The number of the rules at which each place was last seen to be as it was loaded: while no rule
# changes, nobody has to list them, however busy the machine is.
_whole: dict[str, tuple[int, str]] = {}


def by_mark(bit: int, marked: int, others: int) -> str:
    """Classic BPF for `tc`: what it returns for packets with a bit of the mark, and for others.

    Constants: linux/bpf_common.h, linux/filter.h. Other classifiers are not in every kernel; this
    one needs no compiler.
    """
    return f"4,32 0 0 {0xFFFFF014},69 0 1 {bit},6 0 0 {marked},6 0 0 {others}"


def iptables_script(has_policy_chain: bool) -> str:
    """Input for `iptables-restore --noflush`; makes the policy's chain only where there is none."""
    lines = ["*filter", ":FORWARD DROP [0:0]"]
    lines += [] if has_policy_chain else [":GWLB - [0:0]"]
    return "\n".join([*lines, "-F FORWARD", *FORWARD[1:], "COMMIT", ""])


def host_script(settings: Settings) -> str:
    """Input for `nft -f`: the guards that need no device to exist."""
    # Sets would be shorter to write, and cost every packet half a microsecond more.
    ports = sorted({tunnel.port for tunnel in settings.tunnels})
    outer_in = "\n    ".join(f"udp dport {port} goto outer" for port in ports)
    outer_out = "\n    ".join(
        f"ip daddr {settings.gateway} udp dport {port} goto outer_out" for port in ports
    )
    caught = "\n    ".join(
        f"meta mark & {SELF_TEST} != 0 udp dport {port} "
        f"log group {contract.Nflog.SELF_TEST_GROUP} snaplen 160 queue-threshold 1 drop"
        for port in ports
    )
    gateway = int(ipaddress.IPv4Address(settings.gateway))
    ours = f"{min(GROUPS.values())}-{max(GROUPS.values())}"
    inside, outside = GROUPS[INTERNAL], GROUPS[EXTERNAL]
    return f"""table inet {TABLE}
delete table inet {TABLE}
table bridge {TABLE}
delete table bridge {TABLE}
table inet {TABLE} {{
  # Outer packets: from the gateway only, for who reaches these ports can inject packets; and not
  # tracked, for each inner flow would cost a second entry.
  chain tunnels {{
    type filter hook prerouting priority -310; policy accept;
    meta mark & {SELF_TEST} != 0 notrack
    {outer_in}
  }}
  chain outer {{
    iifgroup {GROUPS[BRIDGE]} accept
    ip saddr {settings.gateway} notrack accept
    counter drop
  }}
  # No service of the host is reachable by the tunnels, none of them uses the tunnels.
  chain in {{
    type filter hook input priority -310; policy accept;
    iifgroup {ours} counter drop
    meta l4proto icmp goto errors
  }}
  # An error can be forged by whoever reaches the NIC, and would shrink or turn away the tunnels'
  # path for minutes. The number is the destination of the packet that it is about.
  chain errors {{
    icmp type redirect counter drop
    icmp type {{ 3, 4, 11, 12 }} @th,192,32 {gateway} counter drop
  }}
  chain out {{
    type filter hook output priority -310; policy accept;
    {outer_out}
    oifgroup {ours} counter drop
  }}
  # A packet with an owner is a process's, which could inject with it; the kernel's own have none.
  chain outer_out {{
    meta skuid != 4294967295 counter drop
    notrack accept
  }}
  # The self-test ends here, behind what others may do to outgoing packets, and never leaves.
  chain caught {{
    type filter hook postrouting priority 1000; policy accept;
    {caught}
  }}
{inner.CHAINS}}}
table inet {TABLE} {{
  # Health is for the platform and this machine: the calls of others do not even wait for it.
  chain probe {{
    type filter hook input priority -300; policy accept;
    tcp dport {settings.probe_port} iif != lo ip saddr != {contract.PLATFORM} counter drop
  }}
}}
table bridge {TABLE} {{
  # By the frame's own type, so that a VLAN or PPPoE header hides nothing from the rules.
  chain forward {{
    type filter hook forward priority -300; policy drop;
    iifgroup {outside} oifgroup {inside} goto crossing
    iifgroup {inside} oifgroup {outside} goto crossing
    counter
  }}
  chain crossing {{
    ether type ip accept
    ether type ip6 accept
    counter drop
  }}
  chain in {{
    type filter hook input priority -300; policy drop;
    counter
  }}
  chain out {{
    type filter hook output priority -300; policy drop;
    counter
  }}
}}
"""


def device_script(tunnels: tuple[Tunnel, ...]) -> str:
    """Input for `nft -f`: what a tunnel may send; its hook needs the devices."""
    chains = "".join(
        f"""  chain {tunnel.device} {{
    type filter hook egress device "{tunnel.device}" priority 0; policy drop;
    meta mark & {PASSED} == {PASSED} accept
    counter
  }}
"""
        for tunnel in tunnels
    )
    return (
        f"table netdev {TABLE}\ndelete table netdev {TABLE}\ntable netdev {TABLE} {{\n{chains}}}\n"
    )


def traffic_script(tunnels: tuple[Tunnel, ...]) -> str:
    """Input for `tc -batch`: what a tunnel may send, once more, where no table reaches."""
    unjudged = by_mark(contract.Mark.PASSED, GO_ON, SHOT)
    return "".join(
        f"qdisc replace dev {tunnel.device} clsact\n"
        f"filter replace dev {tunnel.device} egress protocol all prio 1 handle 1 "
        f"bpf direct-action bytecode '{unjudged}'\n"
        for tunnel in tunnels
    )


def load_host(settings: Settings) -> None:
    """Loads everything that needs no device; each table is replaced in one step."""
    for tool in TOOLS:
        present = "-N GWLB" in run([tool, "-w", "5", "-S"]).splitlines()
        run([f"{tool}-restore", "-w", "5", "--noflush"], iptables_script(present))
        shown = _shown(tool).splitlines()
        if shown[0] != FORWARD[0] or len(shown) != len(FORWARD):
            raise Failed(f"{tool}: FORWARD is {shown} after {FORWARD} was loaded")
    run(["nft", "-f", "-"], host_script(settings))
    _remember(*TOOLS, "inet", "bridge")


def load_devices(settings: Settings) -> None:
    """Loads the tunnels' own guards, before they are up."""
    run(["nft", "-f", "-"], device_script(settings.tunnels))
    try:
        run(["tc", "-batch", "-"], traffic_script(settings.tunnels))
    except Failed as error:
        if not LACKS.search(str(error)):
            raise
        # It stands behind the others; a kernel without it is guarded by those, and by the guard.
        say(f"no guard by traffic control: {error}")
        _remember("netdev", absent=(TRAFFIC,))
    else:
        if _shown(TRAFFIC).count(" handle ") != len(settings.tunnels):
            raise Failed(f"{TRAFFIC}: another program has filters where the guard stands")
        _remember("netdev", TRAFFIC)


def problems(places: tuple[str, ...] = PLACES) -> dict[str, str]:
    """The missing parts of the guards, by place; raises TooSlow if the kernel does not say."""
    loaded: dict[str, str] = read_json(BASE)
    found = {what: _problem(what, loaded.get(what)) for what in places}
    return {what: problem for what, problem in found.items() if problem is not None}


def is_hole(places: set[str]) -> bool:
    """True if packets may cross unjudged with these guards not as they were loaded.

    A FORWARD of somebody else's may say that it has seen what it let pass. What skips it, or is
    no IP, still needs another guard to fall.
    """
    return not places.isdisjoint(TOOLS) or (
        "netdev" in places and not places.isdisjoint(("bridge", "hooks"))
    )


def _problem(what: str, wanted: str | None) -> str | None:
    name = f"nft: table {what} {TABLE}"
    if what in TOOLS:
        name = f"{what}: FORWARD"
    elif what == TRAFFIC:
        name = f"{what}: the guard at the tunnels"
    if wanted is None:
        return f"{name} was never loaded"
    if not wanted:
        return None  # not in this kernel
    try:
        number = ruleset_number()
        if what != TRAFFIC and _whole.get(what) == (number, wanted):
            return None
        shown = _shown(what, wanted)
    except TooSlow:
        raise
    except Failed as error:
        # A tunnel that is not there sends nothing; that it is not there is another problem.
        return None if what == TRAFFIC and "Cannot find device" in str(error) else str(error)
    if shown == wanted:
        _whole[what] = (number, wanted)
        return None
    return f"{name} is not what was loaded" + (
        f", but {shown.splitlines()}" if what in TOOLS else ""
    )


def _shown(what: str, expected: str | None = None) -> str:
    """How the kernel shows FORWARD of a tool, or our table of a family."""
    argv = ["nft", "-s", "list", "table", what, TABLE]
    if what in TOOLS:
        argv = [what, "-w", "1", "-S", "FORWARD"]
    elif what == TRAFFIC:
        # Nothing can be in front of the first priority.
        show = "".join(
            f"filter show dev {device} egress prio 1\n" for device in (INTERNAL, EXTERNAL)
        )
        return run(["tc", "-batch", "-"], show, seconds=2)
    return steady(lambda: run(argv, seconds=2), expected)


def _remember(*names: str, absent: tuple[str, ...] = ()) -> None:
    """Keeps how the kernel shows it: each release of its tools has its own way to write rules."""
    shown = {name: _shown(name) for name in names}
    write_json(BASE, {**read_json(BASE), **shown, **dict.fromkeys(absent, "")})
