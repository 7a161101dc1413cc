"""Forwarding tables of bridge and tunnels: entries of others turn packets away, or copy them."""

from __future__ import annotations

import json
from pathlib import Path

from gwlb.errors import Failed
from gwlb.process import run
from gwlb.settings import BRIDGE, Settings
from gwlb.state import Json

# The entry that a tunnel is made with: everything goes to its remote end.
ALL_ZERO = "00:00:00:00:00:00"


def problems(settings: Settings) -> list[str]:
    """One line for each device that has entries of others."""
    count: dict[str, list[str]] = {}
    for entry in _foreign(settings):
        count.setdefault(str(entry["ifname"]), []).append(str(entry["mac"]))
    return [
        f"{device}: {len(macs)} foreign entries turn packets away, the first of them {macs[0]}"
        for device, macs in count.items()
    ]


def remove(settings: Settings) -> None:
    """Deletes the entries of others."""
    lines = [_deletion(entry) for entry in _foreign(settings)]
    if lines:
        run(["bridge", "-batch", "-"], "".join(lines))


def _foreign(settings: Settings) -> list[Json]:
    """Entries that neither the kernel nor this package makes: learned, or put in by hand."""
    own: dict[str, str] = {}
    found: list[Json] = []
    for entry in json.loads(run(["bridge", "-json", "fdb", "show", "br", BRIDGE]) or "[]"):
        mac, device = str(entry["mac"]), str(entry["ifname"])
        if device not in own:
            own[device] = _address(device)
        is_usual = mac == own[device] or int(mac[:2], 16) & 1
        if not is_usual and (mac, entry.get("dst")) != (ALL_ZERO, settings.gateway):
            found.append(entry)
    return found


def _address(device: str) -> str:
    try:
        return Path(f"/sys/class/net/{device}/address").read_text("ascii").strip()
    except OSError as error:
        raise Failed(f"{device}: {error.strerror}") from error


def _deletion(entry: Json) -> str:
    table = "master" if "master" in entry else "self"
    more = "".join(f" {name} {entry[name]}" for name in ("dst", "vlan") if name in entry)
    return f"fdb del {entry['mac']} dev {entry['ifname']} {table}{more}\n"
