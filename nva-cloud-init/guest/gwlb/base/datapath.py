"""gwlb-datapath: makes bridge and tunnels (start), or removes them (stop).

The tunnels come up last, after it was seen that no packet can cross them unjudged. Exit code 0
when that is done, else 1 with the reason, and nothing is left half made.
"""

import contextlib
import json
import sys

from gwlb import fastpath, state
from gwlb.base import rules, tunnels
from gwlb.base.checks import MADE, made
from gwlb.flows import tuning
from gwlb.policy import kernel
from gwlb.policy.bundle import RefusedError
from gwlb.settings import Settings, SettingsError, load
from gwlb.system import (
    Failed,
    address_of,
    ip_json,
    modprobe,
    outward_device,
    run,
    say,
    wait_for,
)

# The NIC may get its address long after this starts, by DHCP.
NIC_SECONDS = 60


def start(settings: Settings) -> None:
    nic = wait_for("device with the default route", outward_device, NIC_SECONDS)
    wait_for(f"address on {nic}", lambda: address_of(nic), NIC_SECONDS)
    for module in ("vxlan", "bridge", "br_netfilter", "nf_conntrack"):
        modprobe(module)
    tunnels.set_hooks()
    for complaint in tuning.mend():
        say(complaint)
    tunnels.remove(settings)
    # A tunnel takes its MTU from the NIC when it is made, so the NIC's comes first.
    now = ip_json("link", "show", "dev", nic)[0]["mtu"]
    mtu = tunnels.raise_mtu(nic, now, settings.mtu)
    if mtu < settings.mtu:
        say(f"{nic} takes an MTU of {mtu} at most; {settings.mtu} were asked for")
    try:
        run(["ip", "-batch", "-"], tunnels.make_script(settings, nic))
        tunnels.quiet(settings)
        rules.load_devices(settings)
        found = [*rules.problems().values(), *tunnels.hook_problems()]
        if found:
            raise Failed("; ".join(found))
        run(["ip", "-batch", "-"], tunnels.up_script(settings))
    except Failed:
        tunnels.remove(settings)
        raise
    open_fast_path(settings, nic)
    MADE.write_text(json.dumps({"nic": nic, "mtu": mtu}), encoding="utf-8")
    say(f"bridging {settings.tunnels[1].device} and {settings.tunnels[0].device} over {nic}")


def open_fast_path(settings: Settings, nic: str) -> None:
    """Speed only: without it every packet goes the long way."""
    try:
        # No policy is loaded meanwhile.
        with state.alone():
            current = kernel.in_force()
            fastpath.start(settings, nic, current.generation if current else 0)
    except (Failed, RefusedError, OSError) as error:
        fastpath.stop(nic)
        say(f"no fast path for packets of running flows: {error}")


def stop(settings: Settings) -> None:
    with contextlib.suppress(Failed):
        fastpath.stop(made()[0])
    tunnels.remove(settings)
    MADE.unlink(missing_ok=True)


def main() -> int:
    if sys.argv[1:] not in (["start"], ["stop"]):
        sys.exit("usage: gwlb-datapath start|stop")
    try:
        {"start": start, "stop": stop}[sys.argv[1]](load())
    except (Failed, SettingsError, OSError) as error:
        say(str(error))
        return 1
    return 0
