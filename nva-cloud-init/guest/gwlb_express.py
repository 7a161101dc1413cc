"""The express way: packets of flows that the policy has taken turn round at the NIC.

Every barrier still judges a flow's first packets, and one of its packets a second. What it has
passed as a packet of a taken flow is learned where it leaves by a tunnel; the flow's next packets
are then given their new outer header on arrival and sent back, past tunnels, bridge and rules.

 - Only TCP and UDP over IPv4 and IPv6, without options, extension headers and fragments; never a
   SYN, FIN or RST, so that conntrack sees each flow begin and end.
 - The answer to a SYN lets the one packet that completes the handshake through; the next one goes
   the long way, and is what a lasting entry is learned from.
 - An entry lasts LIFE: one packet a second goes the long way, which keeps conntrack's entry alive
   and asks every barrier again. With a barrier shut, or a tunnel down, nothing is learned any more.
 - An entry is worth something only under the generation of the policy that it was learned under.
   The agent takes that number away before it changes the policy, and sets it after.

A kernel that refuses any of it forwards as before, only slower.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import secrets
import socket
import struct

import gwlb_bpf as bpf
from gwlb_express_packets import KEY_BYTES, VALUE_BYTES
from gwlb_express_programs import TICKETS, Maps, learning, turning
from gwlb_settings import RUN, Settings
from gwlb_system import Failed, run

HOME = RUN / "bpf"
GENERATION, COUNTED = HOME / "generation", HOME / "counted"
LEARN, TURN = HOME / "learn", HOME / "turn"
# What was counted before the programs were last made.
BEFORE = RUN / "express.json"
# Entries, two for each flow; the kernel forgets the oldest when there are more.
ENTRIES = {4: 131072, 6: 32768}
# Behind the barrier at a tunnel's way out, which passes on what it lets out.
PRIORITY = 2


def start(settings: Settings, nic: str, generation: int) -> None:
    """Makes and links everything; raises Failed where the kernel refuses."""
    stop(nic)
    HOME.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "bpf", "-o", "mode=0700", "bpf", str(HOME)])
    try:
        tables = {
            family: bpf.make_map(bpf.LRU_HASH, KEY_BYTES[family], VALUE_BYTES, entries)
            for family, entries in ENTRIES.items()
        }
        current = bpf.make_map(bpf.ARRAY, 4, 4, 1)
        counted = bpf.make_map(bpf.PER_CPU_ARRAY, 4, 16, 1)
        bpf.pin(current, GENERATION)
        bpf.pin(counted, COUNTED)
        tickets = bpf.make_map(bpf.ARRAY, 4, 8, TICKETS)
        maps = Maps(tables, current, tickets, secrets.randbits(64) | 1)
        bpf.pin(bpf.load(learning(maps)), LEARN)
        bpf.pin(bpf.load(turning(settings, maps, counted)), TURN)
    except OSError as error:
        raise Failed(f"eBPF: {error}") from error
    pinned = f"protocol all prio {PRIORITY} handle 1 bpf direct-action object-pinned"
    run(["tc", "qdisc", "replace", "dev", nic, "clsact"])
    for device, side, program in (
        *((tunnel.device, "egress", LEARN) for tunnel in settings.tunnels),
        (nic, "ingress", TURN),
    ):
        run(["tc", *f"filter replace dev {device} {side} {pinned} {program}".split()])
    for tunnel in settings.tunnels:
        no_merging(tunnel.device)
    set_generation(generation)


def stop(nic: str) -> None:
    """Takes everything away: packets go the long way at once."""
    close()
    if HOME.is_mount():
        # The NIC may have gone, or nothing was linked there.
        with contextlib.suppress(Failed):
            run(["tc", "filter", "delete", "dev", nic, "ingress", "prio", str(PRIORITY)])
        packets, size = counts()
        BEFORE.write_text(json.dumps([packets, size]), encoding="utf-8")
        run(["umount", str(HOME)])


def no_merging(device: str) -> None:
    """What still goes through a tunnel are single packets: to wait for more only takes time."""
    # struct ethtool_value and struct ifreq, linux/ethtool.h and linux/if.h.
    order = ctypes.create_string_buffer(struct.pack("=II", 0x2C, 0))  # ETHTOOL_SGRO, off
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        request = struct.pack("=16sQ16x", device.encode(), ctypes.addressof(order))
        fcntl.ioctl(link, 0x8946, request)  # SIOCETHTOOL


def set_generation(generation: int) -> None:
    """From now on packets of flows that this generation took go the express way; of 0, none."""
    # Where there is no express way, none is opened.
    with contextlib.suppress(OSError), bpf.pinned(GENERATION) as current:
        bpf.write(current, 0, struct.pack("=I", generation))


def close() -> None:
    """No packet goes the express way until a generation is set again."""
    set_generation(0)


def counts() -> tuple[int, int]:
    """Packets and bytes, as the inner packets have them, that have gone the express way."""
    try:
        packets, size = json.loads(BEFORE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        packets = size = 0
    try:
        with bpf.pinned(COUNTED) as counted:
            data = bpf.read(counted, 0, 16 * bpf.processors())
    except OSError:
        return packets, size
    numbers = struct.unpack(f"={len(data) // 8}Q", data)
    return packets + sum(numbers[::2]), size + sum(numbers[1::2])
