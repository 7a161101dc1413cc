"""Runs packets through the fast path's programs in the kernel, with no network (BPF_PROG_TEST_RUN).

Reads one request a line, answers with one; `do` is one of

  run         a `frame` through a `program`, with `mark`, `gsoSize` and `gsoSegments`; entries that
              this leaves last an hour, so that a busy machine decides nothing, and `lasts` has the
              nanoseconds that they would have lasted
  generation  sets the `value` in force
  age         all entries have expired
"""

from __future__ import annotations

import ctypes
import importlib
import json
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

sys.path.insert(0, sys.argv[1])

bpf: Any = importlib.import_module("gwlb.bpf")
fastpath: Any = importlib.import_module("gwlb.fastpath")

NEXT_KEY, TEST_RUN = 4, 10
SPACE = 4096
# struct __sk_buff of linux/bpf.h.
CONTEXT_BYTES, MARK, SEGMENTS, GSO_SIZE = 192, 8, 164, 176
# CLOCK_MONOTONIC_COARSE of linux/time.h.
COARSE, MINUTE, EXPIRED = 6, 60_000_000_000, 1
# Key bytes of the maps of flows.
FLOWS = {"flows_v4": 16, "flows_v6": 40}


class Programs:
    """Both, loaded with the constants of the command line."""

    def __init__(self, constants: dict[str, str]) -> None:
        """As the guest loads them."""
        found = bpf.Object(fastpath.OBJECT.read_bytes())
        self.maps: dict[str, int] = found.make_maps()
        values = {name: bytes.fromhex(value) for name, value in constants.items()}
        self.programs = found.load(values, self.maps)
        self.reasons = found.constant("reasons").rstrip(b"\0").decode().split("\n")[:-1]

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """The fate of a packet."""
        frame, out = bpf.buffer(bytes.fromhex(request["frame"])), bpf.buffer(bytes(SPACE))
        context = bpf.buffer(bytes(CONTEXT_BYTES))
        for place, name in ((MARK, "mark"), (SEGMENTS, "gsoSegments"), (GSO_SIZE, "gsoSize")):
            struct.pack_into("=I", context, place, request.get(name, 0))
        attribute = bpf.buffer(
            struct.pack(
                "=IIIIQQIIIIQQIII",
                *(self.programs[request["program"]], 0, len(frame), SPACE),
                *(ctypes.addressof(frame), ctypes.addressof(out), 1, 0),
                *(CONTEXT_BYTES, CONTEXT_BYTES, ctypes.addressof(context)),
                *(ctypes.addressof(context), 0, 0, 0),
            ).ljust(bpf.ATTRIBUTE_BYTES, b"\0")
        )
        before, begun = self.counted(), time.clock_gettime_ns(COARSE)
        bpf.bpf(TEST_RUN, attribute)
        ended = time.clock_gettime_ns(COARSE)
        learned = self.end_at(ended + 60 * MINUTE) if request["program"] == "learn" else []
        lasts = [[end - ended, end - begun] for end in learned]
        verdict, _, size = struct.unpack_from("=iII", attribute, 4)
        counted = {
            reason: (packets - before[reason][0], size - before[reason][1])
            for reason, (packets, size) in self.counted().items()
            if packets != before[reason][0]
        }
        (mark,) = struct.unpack_from("=I", context, MARK)
        said = {"verdict": verdict, "frame": out.raw[:size].hex(), "mark": mark}
        return {**said, "counted": counted, "lasts": lasts}

    def counted(self) -> dict[str, tuple[int, int]]:
        """Packets and bytes by reason, over all processors."""
        found: dict[str, tuple[int, int]] = {}
        for place, reason in enumerate(self.reasons):
            data = bpf.read(self.maps["counts"], place, 16 * bpf.processors())
            numbers = struct.unpack(f"={len(data) // 8}Q", data)
            found[reason or "fast"] = (sum(numbers[::2]), sum(numbers[1::2]))
        return found

    def keys(self, name: str) -> Iterator[ctypes.Array[ctypes.c_char]]:
        """Each key of a map."""
        found: list[ctypes.Array[ctypes.c_char]] = []
        descriptor, last = self.maps[name], 0
        while True:
            key = bpf.buffer(bytes(FLOWS[name]))
            where = struct.pack("=IIQQ", descriptor, 0, last, ctypes.addressof(key))
            try:
                bpf.bpf(NEXT_KEY, where)
            except OSError:
                break
            found.append(key)
            last = ctypes.addressof(key)
        yield from found

    def entries(self) -> Iterator[tuple[int, ctypes.Array[ctypes.c_char], int, int]]:
        """Map, key, end and generation of each."""
        for name, descriptor in self.maps.items():
            if name in FLOWS:
                for key in self.keys(name):
                    value = bpf.buffer(bytes(16))
                    where = (ctypes.addressof(key), ctypes.addressof(value), 0)
                    bpf.bpf(bpf.MAP_LOOK_UP, struct.pack("=IIQQQ", descriptor, 0, *where))
                    end, generation = struct.unpack("=QQ", value)
                    yield descriptor, key, end, generation

    def end_at(self, end: int) -> list[int]:
        """Moves the ends of all entries that end within a minute; gives what they were."""
        found: list[int] = []
        for descriptor, key, was, generation in list(self.entries()):
            if end <= EXPIRED or EXPIRED < was < time.clock_gettime_ns(COARSE) + MINUTE:
                value = bpf.buffer(struct.pack("=QQ", end, generation))
                where = (ctypes.addressof(key), ctypes.addressof(value), 0)
                bpf.bpf(bpf.MAP_UPDATE, struct.pack("=IIQQQ", descriptor, 0, *where))
                found.append(was)
        return found

    def answer(self, request: dict[str, Any]) -> object:
        """Does what a request asks."""
        match request["do"]:
            case "run":
                return self.run(request)
            case "generation":
                bpf.write(self.maps["generation"], 0, struct.pack("=I", request["value"]))
            case "age":
                self.end_at(EXPIRED)
            case _:
                raise ValueError(request["do"])
        return None


def main() -> None:
    """Answers until its input ends."""
    programs = Programs(json.loads(sys.argv[2]))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(programs.answer(json.loads(line))), flush=True)


main()
