"""The floor: an NVA that only turns the outer header around, in eBPF on the NIC's ingress.

Pins the program at a path for `tc`: `floor.py PATH LAYOUT`, the latter in JSON.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

from frames import read_layout
from loader import bpf, object_file


def main() -> None:
    """Loads and pins."""
    layout = read_layout(json.loads(sys.argv[2]))
    tunnels = (layout.internal, layout.external)
    floor = bpf.Object(object_file("floor"))
    constants = {
        "ports": struct.pack(">2H", *(tunnel.port for tunnel in tunnels)),
        "vnis": struct.pack(">2I", *(tunnel.vni << 8 for tunnel in tunnels)),
    }
    programs = floor.load(constants, floor.make_maps())
    bpf.pin(programs["turn_round"], Path(sys.argv[1]))


if __name__ == "__main__":
    main()
