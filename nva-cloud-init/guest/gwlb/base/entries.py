"""Forwarding tables of bridge and tunnels: entries of others turn packets away, or copy them."""

from __future__ import annotations

import json

from gwlb.process import run
from gwlb.settings import BRIDGE, Settings
from gwlb.state import Json
from gwlb.system import mac_of

# The entry that a tunnel is made with: everything goes to its remote end.
ALL_ZERO = bytes(6)


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
    own: dict[str, bytes] = {}
    found: list[Json] = []
    for entry in json.loads(run(["bridge", "-json", "fdb", "show", "br", BRIDGE]) or "[]"):
        device = str(entry["ifname"])
        mac = bytes.fromhex(str(entry["mac"]).replace(":", ""))
        if device not in own:
            own[device] = mac_of(device)
        is_usual = mac == own[device] or mac[0] & 1
        if not is_usual and (mac, entry.get("dst")) != (ALL_ZERO, settings.gateway):
            found.append(entry)
    return found


def _deletion(entry: Json) -> str:
    table = "master" if "master" in entry else "self"
    more = "".join(f" {name} {entry[name]}" for name in ("dst", "vlan") if name in entry)
    return f"fdb del {entry['mac']} dev {entry['ifname']} {table}{more}\n"
