"""Bridge and tunnels: how they are made, and whether they are still what was made."""

from __future__ import annotations

from gwlb.contract import NUMBERS
from gwlb.errors import Failed
from gwlb.process import run
from gwlb.settings import ADDRESSES, BRIDGE, GROUPS, Settings
from gwlb.state import Json
from gwlb.system import SYSCTLS, set_sysctl, sysctl

# What the kernel must do with bridged packets. The hooks have a switch per bridge, too, which is
# set as well: who turns these off for everybody does not open the tunnels.
HOOKS = {
    "net/bridge/bridge-nf-call-iptables": "1",
    "net/bridge/bridge-nf-call-ip6tables": "1",
}
LEAST_MTU = NUMBERS["mtu"][0]
PORT_STATE = "state of its bridge port"
BRIDGE_OPTIONS = (
    "stp_state 0 forward_delay 0 mcast_snooping 0 mcast_querier 0 "
    "nf_call_iptables 1 nf_call_ip6tables 1 nf_call_arptables 0"
)


def devices(settings: Settings) -> list[str]:
    """The names of what is made here, the last to be made first."""
    return [*(tunnel.device for tunnel in settings.tunnels), BRIDGE]


def make_script(settings: Settings, nic: str) -> str:
    """Input for `ip -batch`: everything but addresses; all stays down."""
    lines = [f"link add {BRIDGE} group {GROUPS[BRIDGE]} type bridge {BRIDGE_OPTIONS}"]
    lines += [
        f"link add {t.device} group {GROUPS[t.device]} type vxlan id {t.vni} "
        f"remote {settings.gateway} dstport {t.port} dev {nic} nolearning"
        for t in settings.tunnels
    ]
    # The addresses have no route: nothing of the host's goes to a tunnel by mistake.
    lines += [
        f"address add {ADDRESSES[device]} dev {device} noprefixroute"
        for device in devices(settings)
    ]
    return "\n".join([*lines, settle_script(settings)])


def settle_script(settings: Settings) -> str:
    """Input for `ip -batch`: all that can be set of devices that are there, up or down."""
    lines = [f"link set {BRIDGE} type bridge {BRIDGE_OPTIONS}"]
    for t in settings.tunnels:
        # With learning, a frame is lost once its destination was learned on the port it came by.
        lines += [
            f"link set {t.device} master {BRIDGE}",
            f"link set {t.device} type bridge_slave learning off flood on "
            "mcast_flood on bcast_flood on isolated off hairpin off neigh_suppress off",
        ]
    lines += [
        f"link set {device} group {GROUPS[device]} arp off multicast off addrgenmode none"
        for device in devices(settings)
    ]
    return "\n".join([*lines, ""])


def up_script(settings: Settings) -> str:
    """Input for `ip -batch`: open for traffic, the tunnels last."""
    return "".join(f"link set {device} up\n" for device in reversed(devices(settings)))


def remove(settings: Settings) -> None:
    """Removes whatever there is of our devices."""
    for device in devices(settings):
        try:
            run(["ip", "link", "delete", device])
        except Failed as error:
            if "Cannot find device" not in str(error):
                raise


def set_hooks() -> None:
    """Turns the hooks for bridged packets on; raises Failed where the kernel lacks them."""
    for name, value in HOOKS.items():
        set_sysctl(name, value)


def quiet(settings: Settings) -> None:
    """No IPv6 of the host's own on our devices: no router solicitation, no MLD report."""
    for device in devices(settings):
        name = f"net/ipv6/conf/{device}/disable_ipv6"
        if (SYSCTLS / name).exists():
            set_sysctl(name, "1")


def raise_mtu(nic: str, now: int, wanted: int) -> int:
    """Raises the NIC's MTU to what is wanted, or to the most that its driver takes; returns it."""
    if now >= wanted or _takes_mtu(nic, wanted):
        return max(now, wanted)
    if now < LEAST_MTU and not _takes_mtu(nic, LEAST_MTU):
        raise Failed(f"{nic} does not take an MTU of {LEAST_MTU}: full-size packets would be lost")
    low, high = max(now, LEAST_MTU), wanted - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _takes_mtu(nic, middle) else (low, middle - 1)
    return low if _takes_mtu(nic, low) else now


def hook_problems() -> list[str]:
    """Which switches of the hooks are not on."""
    return [
        f"{name.replace('/', '.')} is {sysctl(name)}, not {value}: bridged packets skip the rules"
        for name, value in HOOKS.items()
        if sysctl(name) != value
    ]


def device_problems(settings: Settings, nic: str, mtu: int, links: dict[str, Json]) -> list[str]:
    """What is not as it was made, in the order of a packet's way."""
    found = [*_nic_problems(nic, mtu, links.get(nic)), *_bridge_problems(links.get(BRIDGE))]
    for tunnel in settings.tunnels:
        link = links.get(tunnel.device)
        if link is None:
            found.append(f"{tunnel.device}: no such device")
            continue
        info: Json = link.get("linkinfo", {})
        data: Json = info.get("info_data", {})
        port: Json = info.get("info_slave_data", {})
        wanted = {
            "kind": ("vxlan", info.get("info_kind")),
            "vni": (tunnel.vni, data.get("id")),
            "port": (tunnel.port, data.get("port")),
            "remote": (settings.gateway, data.get("remote")),
            "lower device": (nic, data.get("link")),
            "learning": (False, data.get("learning")),
            "bridge": (BRIDGE, link.get("master")),
            "group": (str(GROUPS[tunnel.device]), link.get("group")),
            "learning of its bridge port": (False, port.get("learning")),
            "flooding of its bridge port": (True, port.get("flood")),
            "isolation of its bridge port": (False, port.get("isolated")),
            PORT_STATE: ("forwarding", port.get("state")),
            "up": (True, "UP" in link.get("flags", [])),
        }
        found += _differences(tunnel.device, wanted)
        if link.get("mtu", 0) < LEAST_MTU - 50:
            found.append(f"{tunnel.device}: mtu is {link.get('mtu')}, less than {LEAST_MTU - 50}")
    return found


def _nic_problems(nic: str, mtu: int, link: Json | None) -> list[str]:
    if link is None:
        return [f"{nic}: no such device"]
    found = [] if "LOWER_UP" in link.get("flags", []) else [f"{nic}: is not up"]
    if link.get("mtu", 0) < mtu:
        found.append(f"{nic}: mtu is {link.get('mtu')}, not {mtu}")
    return found


def _bridge_problems(link: Json | None) -> list[str]:
    if link is None:
        return [f"{BRIDGE}: no such device"]
    info: Json = link.get("linkinfo", {})
    data: Json = info.get("info_data", {})
    wanted = {
        "kind": ("bridge", info.get("info_kind")),
        "group": (str(GROUPS[BRIDGE]), link.get("group")),
        "spanning tree": (0, data.get("stp_state")),
        "multicast snooping": (0, data.get("mcast_snooping")),
        "VLAN filtering": (0, data.get("vlan_filtering")),
        "iptables hook": (1, data.get("nf_call_iptables")),
        "ip6tables hook": (1, data.get("nf_call_ip6tables")),
        "up": (True, "UP" in link.get("flags", [])),
    }
    return _differences(BRIDGE, wanted)


def _differences(device: str, wanted: dict[str, tuple[object, object]]) -> list[str]:
    return [
        f"{device}: {name} is {have}, not {want}"
        for name, (want, have) in wanted.items()
        if have != want
    ]


def _takes_mtu(nic: str, mtu: int) -> bool:
    try:
        run(["ip", "link", "set", nic, "mtu", str(mtu)])
    except Failed:
        return False
    return True
