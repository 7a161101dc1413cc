"""Loads a compiled eBPF object by system calls alone: the stock image has no libbpf, no compiler.

An object (fastpath/, built by `npm run fastpath`) has functions, which become programs, variables
in the section `maps`, which become maps, and constants, which are set by name before the programs
are loaded. Numbers are those of linux/bpf.h and elf.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SYSCALLS = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
MAP_CREATE, MAP_LOOK_UP, MAP_UPDATE, PROGRAM_LOAD, PIN, GET, FREEZE = 0, 1, 2, 5, 6, 7, 22
ARRAY = 2
READ_ONLY = 1 << 7  # BPF_F_RDONLY_PROG
CLASSIFIER = 3  # BPF_PROG_TYPE_SCHED_CLS
IS_MAP, IS_VALUE = 1, 2  # BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE
ATTRIBUTE_BYTES = 144
INSTRUCTION_BYTES = 8
CODE, CONSTANTS, MAPS = ".text", ".rodata", "maps"
# No helper that programs here call asks for the GPL.
LICENSE = b"Apache-2.0\0"
# The verifier tells every step of a program that it refuses; its last words are the reason.
LOG_BYTES, LOG_SHOWN = 1 << 22, 600


class Symbol(NamedTuple):
    """A name in an object: its section, and where it is in there."""

    name: str
    section: str
    at: int
    size: int


class Object:
    """An ELF file of clang's for the target bpfel."""

    def __init__(self, data: bytes) -> None:
        """Reads sections and symbols; raises OSError for a file that is something else."""
        if data[:6] != b"\x7fELF\x02\x01" or sys.byteorder != "little":
            raise OSError("no eBPF object for this machine")
        (start,) = struct.unpack_from("<40xQ", data)
        size, count, strings = struct.unpack_from("<58xHHH", data)
        heads = [struct.unpack_from("<I20xQQ", data, start + size * n) for n in range(count)]
        parts = [data[at : at + length] for _, at, length in heads]
        names = [_string(parts[strings], head[0]) for head in heads]
        self._parts = {name: parts[n] for n, name in enumerate(names)}
        texts = self._parts[".strtab"]
        self._symbols = [
            # Numbers above those of the sections have a meaning of their own.
            Symbol(_string(texts, name), names[n] if n < count else "", at, length)
            for name, n, at, length in struct.iter_unpack("<IxxHQQ", self._parts[".symtab"])
        ]

    def named(self, section: str) -> dict[str, Symbol]:
        """What has a name in a section."""
        return {s.name: s for s in self._symbols if s.section == section and s.size}

    def constant(self, name: str) -> bytes:
        """The bytes of a constant, as they were compiled."""
        return self._of(self.named(CONSTANTS)[name])

    def make_maps(self) -> dict[str, int]:
        """File descriptors of new maps, by name."""
        named = self.named(MAPS).items()
        return {name: make_map(*struct.unpack("<IIII", self._of(symbol))) for name, symbol in named}

    def load(
        self, constants: Mapping[str, bytes], maps: Mapping[str, int], kind: int = CLASSIFIER
    ) -> dict[str, int]:
        """File descriptors of the programs, by name; raises OSError with the verifier's words."""
        values, known = bytearray(self._parts[CONSTANTS]), self.named(CONSTANTS)
        for name, value in constants.items():
            if len(value) != known[name].size:
                raise OSError(f"{name} has {known[name].size} bytes, not {len(value)}")
            values[known[name].at : known[name].at + len(value)] = value
        code = self._linked(_frozen(bytes(values)), maps)
        return {
            name: _load(kind, code[symbol.at : symbol.at + symbol.size])
            for name, symbol in self.named(CODE).items()
        }

    def _of(self, symbol: Symbol) -> bytes:
        return self._parts[symbol.section][symbol.at : symbol.at + symbol.size]

    def _linked(self, values: int, maps: Mapping[str, int]) -> bytes:
        """The code with maps and constants where it names them."""
        code = bytearray(self._parts[CODE])
        for place, info in struct.iter_unpack("<QQ", self._parts[".rel" + CODE]):
            symbol = self._symbols[info >> 32]
            op, registers, offset = struct.unpack_from("<BBxxI", code, place)
            if symbol.section == MAPS:
                what, descriptor, rest = IS_MAP, maps[symbol.name], 0
            elif symbol.section == CONSTANTS:
                what, descriptor, rest = IS_VALUE, values, symbol.at + offset
            else:
                raise OSError(f"cannot link {symbol.name}")
            struct.pack_into("<BBxxI", code, place, op, registers | what << 4, descriptor)
            struct.pack_into("<I", code, place + INSTRUCTION_BYTES + 4, rest)
        return bytes(code)


def make_map(kind: int, key: int, value: int, entries: int, flags: int = 0) -> int:
    """File descriptor of a new map; sizes in bytes."""
    return bpf(MAP_CREATE, struct.pack("=IIIII", kind, key, value, entries, flags))


def pin(descriptor: int, path: Path) -> None:
    """Gives a map or a program a name in a BPF file system."""
    name = buffer(os.fsencode(path) + b"\0")
    bpf(PIN, struct.pack("=QII", ctypes.addressof(name), descriptor, 0))


@contextmanager
def pinned(path: Path) -> Iterator[int]:
    """File descriptor of what has that name, for a while."""
    name = buffer(os.fsencode(path) + b"\0")
    descriptor = bpf(GET, struct.pack("=QII", ctypes.addressof(name), 0, 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write(descriptor: int, key: int, value: bytes) -> None:
    """Sets an element of an array."""
    place, data = ctypes.c_uint32(key), buffer(value)
    places = (ctypes.addressof(place), ctypes.addressof(data))
    bpf(MAP_UPDATE, struct.pack("=IIQQQ", descriptor, 0, *places, 0))


def read(descriptor: int, key: int, size: int) -> bytes:
    """An element of an array."""
    place, data = ctypes.c_uint32(key), buffer(bytes(size))
    places = (ctypes.addressof(place), ctypes.addressof(data))
    bpf(MAP_LOOK_UP, struct.pack("=IIQQQ", descriptor, 0, *places, 0))
    return data.raw


def processors() -> int:
    """How many processors a per-processor map has values for."""
    text = Path("/sys/devices/system/cpu/possible").read_text(encoding="ascii")
    return int(text.strip().replace("-", ",").rpartition(",")[2]) + 1


def buffer(data: bytes) -> ctypes.Array[ctypes.c_char]:
    """Bytes that the kernel can be given the address of."""
    return ctypes.create_string_buffer(data, len(data))


def bpf(command: int, attribute: bytes | ctypes.Array[ctypes.c_char]) -> int:
    """The system call; raises OSError with the kernel's reason."""
    number = SYSCALLS.get(platform.machine())
    if number is None:
        raise OSError(f"no number of the system call is known for {platform.machine()}")
    if isinstance(attribute, bytes):
        attribute = buffer(attribute.ljust(ATTRIBUTE_BYTES, b"\0"))
    result = ctypes.CDLL(None, use_errno=True).syscall(number, command, attribute, len(attribute))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _load(kind: int, code: bytes) -> int:
    text, name = buffer(code), buffer(LICENSE)
    about = (kind, len(code) // INSTRUCTION_BYTES, ctypes.addressof(text), ctypes.addressof(name))
    head = struct.pack("=IIQQ", *about)
    try:
        return bpf(PROGRAM_LOAD, head)
    except OSError as error:
        log = buffer(bytes(LOG_BYTES))
        try:
            # What it refused once it refuses again, and says why.
            where = struct.pack("=IIQ", 1, len(log), ctypes.addressof(log))
            return bpf(PROGRAM_LOAD, head + where)
        except OSError:
            said = " / ".join(log.value.decode("ascii", "replace").split("\n"))
            raise OSError(error.errno, f"{error.strerror}: {said[-LOG_SHOWN:]}") from error


def _frozen(values: bytes) -> int:
    """A map of one value that nobody can change any more: the verifier takes it for constants."""
    descriptor = make_map(ARRAY, 4, len(values), 1, READ_ONLY)
    write(descriptor, 0, values)
    bpf(FREEZE, struct.pack("=I", descriptor))
    return descriptor


def _string(table: bytes, at: int) -> str:
    return table[at : table.index(b"\0", at)].decode("ascii")
