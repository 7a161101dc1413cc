"""eBPF without a loader: an assembler for the few instructions used here, and the system calls.

The stock image has no compiler and no bpftool. Numbers are those of linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SYSCALLS = {"x86_64": 321, "aarch64": 280}
MAP_CREATE, MAP_LOOK_UP, MAP_UPDATE, PROGRAM_LOAD, PIN, GET = 0, 1, 2, 5, 6, 7
ARRAY, PER_CPU_ARRAY, LRU_HASH = 2, 6, 9
CLASSIFIER = 3  # BPF_PROG_TYPE_SCHED_CLS
ATTRIBUTE_BYTES = 128
SIZES = {"w": 0x00, "h": 0x08, "b": 0x10, "d": 0x18}
# Numbers of the kernel's helper functions.
LOOK_UP, UPDATE, DELETE, REPLACE_CHECKSUM = 1, 2, 3, 11
REDIRECT, PULL, COARSE_TIME = 23, 39, 160
STACK = 10


class Program:
    """Instructions in order; a jump names a label, which may come later but not earlier."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._code: list[tuple[int, int, int, int | str, int]] = []
        self._labels: dict[str, int] = {}

    def add(self, op: int, to: int = 0, of: int = 0, offset: int | str = 0, value: int = 0) -> None:
        """One instruction: operation, registers, offset or label, number."""
        self._code.append((op, to, of, offset, value))

    def label(self, name: str) -> None:
        """What follows is where jumps to this name go."""
        self._labels[name] = len(self._code)

    def set(self, to: int, value: int) -> None:
        """Register = number."""
        self.add(0xB7, to, value=value)

    def copy(self, to: int, of: int) -> None:
        """Register = register."""
        self.add(0xBF, to, of)

    def plus(self, to: int, value: int) -> None:
        """Register += number."""
        self.add(0x07, to, value=value)

    def add_to(self, to: int, of: int) -> None:
        """Register += register."""
        self.add(0x0F, to, of)

    def set_wide(self, to: int, value: int) -> None:
        """Register = number of 64 bits."""
        self.add(0x18, to, value=value)
        self.add(0x00, value=value >> 32)

    def times(self, to: int, of: int) -> None:
        """Register *= register."""
        self.add(0x2F, to, of)

    def differ(self, to: int, of: int) -> None:
        """Register ^= register."""
        self.add(0xAF, to, of)

    def shift_left(self, to: int, places: int) -> None:
        """Register <<= number."""
        self.add(0x67, to, value=places)

    def shift_right(self, to: int, places: int) -> None:
        """Register >>= number."""
        self.add(0x77, to, value=places)

    def include(self, to: int, bits: int) -> None:
        """Register |= number."""
        self.add(0x47, to, value=bits)

    def keep(self, to: int, bits: int) -> None:
        """Register &= number."""
        self.add(0x57, to, value=bits)

    def load(self, size: str, to: int, at: int, offset: int) -> None:
        """Register = memory: `b`, `h`, `w`, `d` are 1, 2, 4, 8 bytes."""
        self.add(0x61 | SIZES[size], to, at, offset)

    def store(self, size: str, at: int, offset: int, of: int) -> None:
        """Memory = register."""
        self.add(0x63 | SIZES[size], at, of, offset)

    def store_number(self, size: str, at: int, offset: int, value: int) -> None:
        """Memory = number."""
        self.add(0x62 | SIZES[size], at, 0, offset, value)

    def jump(self, label: str) -> None:
        """Goes on at a label."""
        self.add(0x05, offset=label)

    def unless(self, register: int, value: int, label: str) -> None:
        """Goes to a label unless the register's low 32 bits are the number."""
        self.add(0x56, register, offset=label, value=value)

    def when(self, register: int, value: int, label: str) -> None:
        """Goes to a label if the register is the number."""
        self.add(0x15, register, offset=label, value=value)

    def when_bits(self, register: int, value: int, label: str) -> None:
        """Goes to a label if the register has one of these bits."""
        self.add(0x45, register, offset=label, value=value)

    def when_above(self, register: int, other: int, label: str) -> None:
        """Goes to a label if the register is greater than the other, as numbers without sign."""
        self.add(0x2D, register, other, label)

    def unless_above(self, register: int, other: int, label: str) -> None:
        """Goes to a label unless the register is greater than the other."""
        self.add(0xBD, register, other, label)

    def unless_number_above(self, register: int, value: int, label: str) -> None:
        """Goes to a label unless the register is greater than the number."""
        self.add(0xB5, register, offset=label, value=value)

    def unless_same(self, register: int, other: int, label: str) -> None:
        """Goes to a label unless two registers have the same low 32 bits."""
        self.add(0x5E, register, other, label)

    def unless_equal(self, register: int, other: int, label: str) -> None:
        """Goes to a label unless two registers are the same."""
        self.add(0x5D, register, other, label)

    def map_in(self, to: int, descriptor: int) -> None:
        """Register = a map."""
        self.add(0x18, to, 1, 0, descriptor)
        self.add(0x00)

    def call(self, helper: int) -> None:
        """A helper function of the kernel: arguments in registers 1 to 5, its answer in 0."""
        self.add(0x85, value=helper)

    def leave(self, value: int | None = None) -> None:
        """Ends with a verdict, or with what register 0 holds."""
        if value is not None:
            self.set(0, value)
        self.add(0x95)

    def assembled(self) -> bytes:
        """The program as the kernel takes it."""
        out = b""
        for place, (op, to, of, offset, value) in enumerate(self._code):
            jump = self._labels[offset] - place - 1 if isinstance(offset, str) else offset
            registers = to | of << 4 if sys.byteorder == "little" else of | to << 4
            out += struct.pack("=BBhI", op, registers, jump, value & 0xFFFFFFFF)
        return out


def as_loaded(data: bytes) -> int:
    """The number that a load of these bytes of a packet gives."""
    return int.from_bytes(data, sys.byteorder)


def make_map(kind: int, key: int, value: int, entries: int) -> int:
    """File descriptor of a new map; sizes in bytes."""
    return _bpf(MAP_CREATE, struct.pack("=IIII", kind, key, value, entries))


def load(program: Program) -> int:
    """File descriptor of a classifier; raises OSError with the verifier's last words."""
    code = program.assembled()
    text, license_, log = _buffer(code), _buffer(b"GPL\0"), _buffer(bytes(1 << 16))
    attribute = struct.pack(
        "=IIQQIIQI",
        *(CLASSIFIER, len(code) // 8, ctypes.addressof(text), ctypes.addressof(license_)),
        *(1, len(log), ctypes.addressof(log), 0),
    )
    try:
        return _bpf(PROGRAM_LOAD, attribute)
    except OSError as error:
        said = log.value.decode("ascii", "replace").strip()[-300:]
        raise OSError(error.errno, f"{error.strerror} {said}".strip()) from error


def pin(descriptor: int, path: Path) -> None:
    """Gives a map or a program a name in a BPF file system."""
    name = _buffer(os.fsencode(path) + b"\0")
    _bpf(PIN, struct.pack("=QII", ctypes.addressof(name), descriptor, 0))


@contextmanager
def pinned(path: Path) -> Iterator[int]:
    """File descriptor of what has that name, for a while."""
    name = _buffer(os.fsencode(path) + b"\0")
    descriptor = _bpf(GET, struct.pack("=QII", ctypes.addressof(name), 0, 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write(descriptor: int, key: int, value: bytes) -> None:
    """Sets an element of an array."""
    place, data = ctypes.c_uint32(key), _buffer(value)
    places = (ctypes.addressof(place), ctypes.addressof(data))
    _bpf(MAP_UPDATE, struct.pack("=IIQQQ", descriptor, 0, *places, 0))


def read(descriptor: int, key: int, size: int) -> bytes:
    """An element of an array."""
    place, data = ctypes.c_uint32(key), _buffer(bytes(size))
    places = (ctypes.addressof(place), ctypes.addressof(data))
    _bpf(MAP_LOOK_UP, struct.pack("=IIQQQ", descriptor, 0, *places, 0))
    return data.raw


def processors() -> int:
    """How many processors a per-processor map has values for."""
    text = Path("/sys/devices/system/cpu/possible").read_text(encoding="ascii")
    return int(text.strip().replace("-", ",").rpartition(",")[2]) + 1


def _buffer(data: bytes) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(data, len(data))


def _bpf(command: int, attribute: bytes) -> int:
    number = SYSCALLS.get(platform.machine())
    if number is None:
        raise OSError(f"no number of the system call is known for {platform.machine()}")
    buffer = _buffer(attribute.ljust(ATTRIBUTE_BYTES, b"\0"))
    result = ctypes.CDLL(None, use_errno=True).syscall(number, command, buffer, ATTRIBUTE_BYTES)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
