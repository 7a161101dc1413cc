"""The settings that this NVA was made with: /etc/azure-gwlb/settings.json, checked and typed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from gwlb.contract import NUMBERS, TUNNEL_NUMBERS, Device, Group
from gwlb.errors import SettingsError
from gwlb.foreign import parse_json
from gwlb.state import SETTINGS

BRIDGE, INTERNAL, EXTERNAL = Device.BRIDGE, Device.INTERNAL, Device.EXTERNAL
# Numbers by which rules know the devices before they exist: a name is copied for every comparison.
GROUPS = {BRIDGE: Group.BRIDGE, INTERNAL: Group.INTERNAL, EXTERNAL: Group.EXTERNAL}
# The reference case's addresses. Nothing is routed to them: they only name the devices.
ADDRESSES = {
    BRIDGE: "192.168.255.1/28",
    INTERNAL: "192.168.255.2/28",
    EXTERNAL: "192.168.255.3/28",
}
MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class Tunnel:
    """One VXLAN tunnel of the gateway's backend pool."""

    device: str
    port: int
    vni: int


@dataclass(frozen=True)
class Settings:
    """As nva-cloud-init/contract/contract.ts has them, in the guest's terms."""

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
        numbers = {name: _whole(name, data[name], *bounds) for name, bounds in NUMBERS.items()}
        probe_path = str(data["probePath"])
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{path}: {type(error).__name__}: {error}") from error
    return Settings(
        gateway=gateway,
        tunnels=tunnels,
        mtu=numbers["mtu"],
        probe_port=numbers["probePort"],
        probe_path=probe_path,
        poll_seconds=numbers["policyPollSeconds"],
        drain_seconds=numbers["drainSeconds"],
    )


def _tunnel(device: str, data: dict[str, object]) -> Tunnel:
    numbers = {
        name: _whole(f"{device} {name}", data[name], *bounds)
        for name, bounds in TUNNEL_NUMBERS.items()
    }
    return Tunnel(device, **numbers)


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, got {value!r}")
    return value
