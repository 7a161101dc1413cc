"""The fast path: packets of flows that the policy has let start turn round at the NIC.

Every guard still judges a flow's first packets, and one of its packets a second. What it has passed
as a packet of such a flow is learned where it leaves by a tunnel; the flow's next packets are then
given their new outer header on arrival and sent back, past tunnels, bridge and rules.

 - Only TCP and UDP over IPv4 and IPv6, without options, extension headers and fragments; never a
   SYN, FIN or RST, so that conntrack sees each flow begin and end. Whatever is odd about a packet
   goes the long way.
 - The answer to a SYN lets the one packet that completes the handshake through, by a cookie; the
   next one goes the long way, and is what a lasting entry is learned from.
 - An entry lasts a second: one packet a second goes the long way, which keeps conntrack's entry
   alive and asks every guard again. With a guard shut, or a tunnel down, nothing is learned.
 - An entry is worth something only under the generation of the policy that it was learned under.
   The agent takes that number away before it changes the policy, and sets it after.

The programs are in fastpath/. A kernel that refuses any of it forwards as before, only slower.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import secrets
import socket
import struct
from pathlib import Path

from gwlb import bpf
from gwlb.errors import Failed
from gwlb.process import run
from gwlb.settings import BRIDGE, Settings
from gwlb.state import BPF, FASTPATH, read_json, write_json
from gwlb.system import address_of, mac_of

OBJECT = Path(__file__).parents[1] / "fastpath" / "fastpath.o"
GENERATION, COUNTS = BPF / "generation", BPF / "counts"
LEARN, REFLECT = BPF / "learn", BPF / "reflect"
# struct count of fastpath.h; a packet took the fast path by the first reason.
COUNT_BYTES, FAST = 16, 0
# Behind the guard at a tunnel's way out, which passes on what it lets out.
PRIORITY = 2


def start(settings: Settings, nic: str, generation: int) -> None:
    """Makes and links everything; raises Failed where the kernel refuses."""
    stop(nic)
    BPF.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "bpf", "-o", "mode=0700", "bpf", str(BPF)])
    try:
        program = bpf.Object(OBJECT.read_bytes())
        maps = program.make_maps()
        loaded = program.load(constants(settings, nic), maps)
        bpf.pin(maps["generation"], GENERATION)
        bpf.pin(maps["counts"], COUNTS)
        bpf.pin(loaded["learn"], LEARN)
        bpf.pin(loaded["reflect"], REFLECT)
    except (OSError, LookupError, ValueError, struct.error) as error:
        raise Failed(f"eBPF: {error}") from error
    link(settings, nic)
    for tunnel in settings.tunnels:
        no_merging(tunnel.device)
    set_generation(generation)


def link(settings: Settings, nic: str) -> None:
    """Puts the programs where packets meet them, once more where something took them away."""
    if not BPF.is_mount():
        return
    pinned = f"protocol all prio {PRIORITY} handle 1 bpf direct-action object-pinned"
    run(["tc", "qdisc", "replace", "dev", nic, "clsact"])
    for device, side, path in (
        *((tunnel.device, "egress", LEARN) for tunnel in settings.tunnels),
        (nic, "ingress", REFLECT),
    ):
        run(["tc", *f"filter replace dev {device} {side} {pinned} {path}".split()])


def constants(settings: Settings, nic: str) -> dict[str, bytes]:
    """What is written into the programs, as packets have it."""
    address = address_of(nic)
    own = [mac_of(device) for device in (BRIDGE, *(t.device for t in settings.tunnels))]
    return {
        "gateway": socket.inet_aton(settings.gateway),
        "nic_address": socket.inet_aton(address or "0.0.0.0"),
        "ports": struct.pack(">2H", *(tunnel.port for tunnel in settings.tunnels)),
        "vnis": struct.pack(">2I", *(tunnel.vni << 8 for tunnel in settings.tunnels)),
        "own_macs": b"".join(mac + bytes(2) for mac in own),
        "secret": (secrets.randbits(64) | 1).to_bytes(8, "little"),
    }


def stop(nic: str) -> None:
    """Takes everything away: packets go the long way at once."""
    close()
    if BPF.is_mount():
        # The NIC may have gone, or nothing was linked there.
        with contextlib.suppress(Failed):
            run(["tc", "filter", "delete", "dev", nic, "ingress", "prio", str(PRIORITY)])
        packets, size = counts()
        write_json(FASTPATH, {"packets": packets, "bytes": size})
        run(["umount", str(BPF)])


def no_merging(device: str) -> None:
    """What still goes through a tunnel are single packets: to wait for more only takes time."""
    # struct ethtool_value and struct ifreq, linux/ethtool.h and linux/if.h.
    order = ctypes.create_string_buffer(struct.pack("=II", 0x2C, 0))  # ETHTOOL_SGRO, off
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        request = struct.pack("=16sQ16x", device.encode(), ctypes.addressof(order))
        fcntl.ioctl(link, 0x8946, request)  # SIOCETHTOOL


def set_generation(generation: int) -> None:
    """From now on packets of flows that this generation let start take it; of 0, none."""
    # Where there is no fast path, none is opened.
    with contextlib.suppress(OSError), bpf.pinned(GENERATION) as current:
        bpf.write(current, 0, struct.pack("=I", generation))


def close() -> None:
    """No packet takes the fast path until a generation is set again."""
    set_generation(0)


def counts() -> tuple[int, int]:
    """Packets and bytes, as the inner packets have them, that took the fast path."""
    before = read_json(FASTPATH)
    try:
        packets, size = _counted(FAST)
    except OSError:
        packets = size = 0
    return before.get("packets", 0) + packets, before.get("bytes", 0) + size


def long_way() -> dict[str, int]:
    """Packets at the NIC that did not, since the programs were made, by reason."""
    try:
        text = bpf.Object(OBJECT.read_bytes()).constant("reasons").decode("ascii")
        reasons = text.rstrip("\0").split("\n")[:-1]
        return {name: _counted(at)[0] for at, name in enumerate(reasons) if at != FAST}
    except (OSError, LookupError, ValueError, struct.error):
        return {}


def _counted(reason: int) -> tuple[int, int]:
    """Packets and bytes, over all processors."""
    with bpf.pinned(COUNTS) as found:
        data = bpf.read(found, reason, COUNT_BYTES * bpf.processors())
    numbers = struct.unpack(f"={len(data) // 8}Q", data)
    return sum(numbers[::2]), sum(numbers[1::2])
