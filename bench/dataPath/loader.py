"""The parts of the guest that the bench uses: its loader of eBPF objects, and facts of an NVA."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

# On a user's own host the guest's package is beside this file, in the one file that is sent there.
sys.path.append(str(Path(__file__).resolve().parents[2] / "nva-cloud-init" / "guest"))
bpf: Any = importlib.import_module("gwlb.bpf")
contract: Any = importlib.import_module("gwlb.contract")


def object_file(name: str) -> bytes:
    """An object of the folder `bpf`, which is in a zip file on a user's own host."""
    return __loader__.get_data(os.path.join(os.path.dirname(__file__), "bpf", f"{name}.o"))
