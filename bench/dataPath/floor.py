"""The floor: an NVA that only turns the outer header around, in eBPF on the NIC's ingress.

Pins the program at a path for `tc`: `floor.py PATH`.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from frames import REFERENCE
from loader import bpf, object_file

TUNNELS = (REFERENCE.internal, REFERENCE.external)


def main() -> None:
    """Loads and pins."""
    floor = bpf.Object(object_file("floor"))
    constants = {
        "ports": struct.pack(">2H", *(tunnel.port for tunnel in TUNNELS)),
        "vnis": struct.pack(">2I", *(tunnel.vni << 8 for tunnel in TUNNELS)),
    }
    programs = floor.load(constants, floor.make_maps())
    bpf.pin(programs["turn_round"], Path(sys.argv[1]))


if __name__ == "__main__":
    main()
