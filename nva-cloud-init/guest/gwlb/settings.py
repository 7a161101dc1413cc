"""What this NVA was told at its making: /etc/azure-gwlb/settings.json, checked and typed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from gwlb.errors import SettingsError
from gwlb.foreign import parse_json
from gwlb.state import SETTINGS

BRIDGE = "br0"
INTERNAL = "vxlan-in"
EXTERNAL = "vxlan-ex"
# Numbers by which rules know the devices before they exist: a name is copied for every comparison.
GROUPS = {BRIDGE: 10799, INTERNAL: 10800, EXTERNAL: 10801}
# The reference case's addresses. Nothing is routed to them: they only name the devices.
ADDRESSES = {
    BRIDGE: "192.168.255.1/28",
    INTERNAL: "192.168.255.2/28",
    EXTERNAL: "192.168.255.3/28",
}
# Where every load balancer of Azure probes from.
PLATFORM = "168.63.129.16"
# A full inner packet of 1500 bytes and the outer headers.
LEAST_MTU = 1550
MOST_MTU = 4000
# The unit's own limit is above it.
MOST_DRAIN = 300
MOST_POLL = 3600
MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class Tunnel:
    """One VXLAN tunnel of the gateway's backend pool."""

    device: str
    port: int
    vni: int


@dataclass(frozen=True)
class Settings:
    """As rendered by nva-cloud-init/cloudConfig.ts."""

    gateway: str
    tunnels: tuple[Tunnel, Tunnel]
    mtu: int
    probe_port: int
    probe_path: str
    # Seconds between two looks at userData.
    poll_seconds: int
    # Seconds that a stop or a shutdown may wait for flows to end.
    drain_seconds: int

    @property
    def health_url(self) -> str:
        """Where the health of this NVA answers this NVA itself."""
        return f"http://127.0.0.1:{self.probe_port}{self.probe_path}"


def load(path: Path = SETTINGS) -> Settings:
    """Reads the file; raises SettingsError with the field that is wrong."""
    try:
        data = parse_json(path.read_bytes(), MOST_BYTES)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error
    try:
        gateway = str(ipaddress.IPv4Address(data["gatewayAddress"]))
        tunnels = (
            _tunnel(INTERNAL, data["internal"]),
            _tunnel(EXTERNAL, data["external"]),
        )
        mtu = _whole("mtu", data["mtu"], LEAST_MTU, MOST_MTU)
        probe_port = _whole("probePort", data["probePort"], 1, 65535)
        probe_path = str(data["probePath"])
        poll_seconds = _whole("policyPollSeconds", data["policyPollSeconds"], 1, MOST_POLL)
        drain_seconds = _whole("drainSeconds", data["drainSeconds"], 0, MOST_DRAIN)
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{path}: {type(error).__name__}: {error}") from error
    return Settings(gateway, tunnels, mtu, probe_port, probe_path, poll_seconds, drain_seconds)


def _tunnel(device: str, data: dict[str, object]) -> Tunnel:
    port = _whole(f"{device} port", data["port"], 1, 65535)
    return Tunnel(device, port, _whole(f"{device} vni", data["vni"], 0, (1 << 24) - 1))


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, got {value!r}")
    return value
