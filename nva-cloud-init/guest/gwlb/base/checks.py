"""Whether the data path is whole: asked by the health server for every probe, and by the guard."""

from __future__ import annotations

from dataclasses import dataclass, field

from gwlb.base import entries, rules, tunnels
from gwlb.errors import Failed, TooSlow
from gwlb.flows import room, tuning
from gwlb.settings import Settings
from gwlb.state import DATAPATH, read_json
from gwlb.system import address_of, links


@dataclass(frozen=True)
class Look:
    """What one look found; each list has the first thing that is wrong first."""

    # What guards against packets that cross unjudged is not complete.
    unsafe: list[str]
    # Packets do not get through as they should.
    broken: list[str]
    # Flows are not followed as they should; to mend that, no unit is restarted.
    flows: list[str] = field(default_factory=list)
    # What is left of the guards does not hold by itself.
    hole: bool = False


def made() -> tuple[str, int]:
    """The NIC and the MTU that the data path was made with; raises Failed if it was not."""
    data = read_json(DATAPATH)
    try:
        return str(data["nic"]), int(data["mtu"])
    except (ValueError, KeyError) as error:
        raise Failed("gwlb-datapath has not made bridge and tunnels") from error


def look(settings: Settings) -> Look:
    """Looks at rules and devices, now; raises TooSlow if the kernel does not say in time."""
    hooks, base = tunnels.hook_problems(), rules.problems()
    unsafe = [*hooks, *base.values()]
    hole = rules.is_hole({*base, *(["hooks"] if hooks else [])})
    try:
        nic, mtu = made()
        broken = tunnels.device_problems(settings, nic, mtu, links())
        broken += entries.problems(settings) if not broken else []
        if address_of(nic) is None:
            broken.insert(0, f"{nic}: has no address")
    except TooSlow:
        raise
    except Failed as error:
        broken = [str(error)]
    return Look(unsafe, broken, tuning.problems() + room.problems(), hole)
