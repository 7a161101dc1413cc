"""gwlb-datapath: makes bridge and tunnels (start), or removes them (stop).

The tunnels come up last, after it was seen that no packet can cross them unjudged. Exit code 0
when that is done, else 1 with the reason, and nothing is left half made.
"""

from __future__ import annotations

import contextlib

from gwlb import fastpath, state
from gwlb.base import rules, tunnels
from gwlb.base.checks import made
from gwlb.errors import Failed
from gwlb.flows import tuning
from gwlb.policy import kernel
from gwlb.process import run, say
from gwlb.settings import Settings, load
from gwlb.system import address_of, ip_json, modprobe, outward_device, wait_for

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
    state.write_json(state.DATAPATH, {"nic": nic, "mtu": mtu})
    say(f"bridging {settings.tunnels[1].device} and {settings.tunnels[0].device} over {nic}")


def open_fast_path(settings: Settings, nic: str) -> None:
    """Speed only: without it every packet goes the long way."""
    try:
        # No policy is loaded meanwhile.
        with state.alone():
            current = kernel.in_force()
            fastpath.start(settings, nic, current.generation if current else 0)
    except (Failed, OSError) as error:
        fastpath.stop(nic)
        say(f"no fast path for packets of running flows: {error}")


def stop(settings: Settings) -> None:
    with contextlib.suppress(Failed):
        fastpath.stop(made()[0])
    tunnels.remove(settings)
    state.DATAPATH.unlink(missing_ok=True)


def main(argv: list[str]) -> int:
    verbs = {"start": start, "stop": stop}
    if len(argv) != 1 or argv[0] not in verbs:
        say("usage: gwlb-datapath start|stop")
        return 1
    verbs[argv[0]](load())
    return 0
