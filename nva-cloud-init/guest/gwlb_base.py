"""The rules under every policy: what is neither judged by one nor allowed by this stays out.

Two barriers, in tables of their own, so that neither falls with the other:
 - iptables: FORWARD drops; bridged packets get a mark there and go to the policy's chain GWLB;
 - nftables: only IPv4 and IPv6 frames cross the bridge, the host takes nothing from the tunnels,
   and a tunnel sends nothing without that mark: no frame that no rule has seen, and no ARP, IPv6
   or discovery chatter of the host's own.
"""

import json
from collections.abc import Callable

from gwlb_settings import BRIDGE, EXTERNAL, INTERNAL, RUN, Settings, Tunnel
from gwlb_system import Failed, TooSlow, run

# Bit 31 of a packet's mark says "FORWARD has seen it"; the policy uses the bits below.
SEEN = "0x80000000"
TOOLS = ("iptables", "ip6tables")
FORWARD = [
    "-P FORWARD DROP",
    f"-A FORWARD -m physdev --physdev-is-bridged -j MARK --set-xmark {SEEN}/{SEEN}",
    "-A FORWARD -m physdev --physdev-is-bridged -j GWLB",
]
TABLE = "azure_gwlb"
# How the kernel shows the tables that this program loaded, to compare with later.
LOADED = RUN / "base.json"
DEVICES = f'{{ "{BRIDGE}", "{INTERNAL}", "{EXTERNAL}" }}'
WAYS = f'{{ "{INTERNAL}" . "{EXTERNAL}", "{EXTERNAL}" . "{INTERNAL}" }}'


def iptables_script(has_policy_chain: bool) -> str:
    """Input for `iptables-restore --noflush`; makes the policy's chain only where there is none."""
    lines = ["*filter", ":FORWARD DROP [0:0]"]
    lines += [] if has_policy_chain else [":GWLB - [0:0]"]
    return "\n".join([*lines, "-F FORWARD", *FORWARD[1:], "COMMIT", ""])


def host_script(settings: Settings) -> str:
    """Input for `nft -f`: the barriers that need no device to exist."""
    ports = ", ".join(str(port) for port in sorted({t.port for t in settings.tunnels}))
    tunnels = f"udp dport {{ {ports} }}"
    return f"""table inet {TABLE}
delete table inet {TABLE}
table bridge {TABLE}
delete table bridge {TABLE}
table inet {TABLE} {{
  # Outer packets: from the gateway only, for who reaches these ports can inject packets; and not
  # tracked, for each inner flow would cost a second entry.
  chain tunnels {{
    type filter hook prerouting priority -310; policy accept;
    iifname {DEVICES} accept
    {tunnels} ip saddr != {settings.gateway} counter drop
    {tunnels} meta nfproto ipv6 counter drop
    {tunnels} notrack
  }}
  chain outer {{
    type filter hook output priority -310; policy accept;
    ip daddr {settings.gateway} {tunnels} notrack
  }}
  # No service of the host is reachable by the tunnels, none of them uses the tunnels.
  chain in {{
    type filter hook input priority -310; policy accept;
    iifname {DEVICES} counter drop
  }}
  chain out {{
    type filter hook output priority -300; policy accept;
    oifname {DEVICES} counter drop
  }}
}}
table bridge {TABLE} {{
  # By the frame's own type, so that a VLAN or PPPoE header hides nothing from the rules.
  chain forward {{
    type filter hook forward priority -300; policy drop;
    ether type {{ ip, ip6 }} iifname . oifname {WAYS} accept
    counter
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
    meta mark & {SEEN} == {SEEN} accept
    counter
  }}
"""
        for tunnel in tunnels
    )
    return (
        f"table netdev {TABLE}\ndelete table netdev {TABLE}\ntable netdev {TABLE} {{\n{chains}}}\n"
    )


def load_host(settings: Settings) -> None:
    """Loads everything that needs no device; each table is replaced in one step."""
    for tool in TOOLS:
        present = "-N GWLB" in run([tool, "-w", "5", "-S"]).splitlines()
        run([f"{tool}-restore", "-w", "5", "--noflush"], iptables_script(present))
    run(["nft", "-f", "-"], host_script(settings))
    _remember("inet", "bridge")


def load_devices(settings: Settings) -> None:
    """Loads the tunnels' own barrier, before they are up."""
    run(["nft", "-f", "-"], device_script(settings.tunnels))
    _remember("netdev")


def problems(families: tuple[str, ...] = ("inet", "bridge", "netdev")) -> list[str]:
    """What is missing of the barriers, the kernel asked now; raises TooSlow if it does not say."""
    return [problem for tool in TOOLS for problem in _guarded(tool, _forward_problem)] + [
        problem for family in families for problem in _guarded(family, _table_problem)
    ]


def _guarded(name: str, look: Callable[[str], str | None]) -> list[str]:
    try:
        found = look(name)
    except TooSlow:
        raise
    except (Failed, OSError, ValueError) as error:
        found = f"{name}: {error}"
    return [] if found is None else [found]


def _forward_problem(tool: str) -> str | None:
    have = run([tool, "-w", "1", "-S", "FORWARD"], seconds=2).splitlines()
    if have == FORWARD:
        return None
    return f"{tool}: FORWARD is {have}, not {FORWARD}"


def _table_problem(family: str) -> str | None:
    wanted = json.loads(LOADED.read_text(encoding="utf-8")).get(family)
    if wanted is None:
        return f"nft: table {family} {TABLE} was never loaded"
    if _shown(family) != wanted:
        return f"nft: table {family} {TABLE} is not what was loaded"
    return None


def _shown(family: str) -> str:
    return run(["nft", "-s", "list", "table", family, TABLE], seconds=2)


def _remember(*families: str) -> None:
    known: dict[str, str] = {}
    if LOADED.exists():
        known = json.loads(LOADED.read_text(encoding="utf-8"))
    known.update({family: _shown(family) for family in families})
    LOADED.parent.mkdir(parents=True, exist_ok=True)
    fresh = LOADED.with_suffix(".new")
    fresh.write_text(json.dumps(known), encoding="utf-8")
    fresh.replace(LOADED)
