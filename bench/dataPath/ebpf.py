"""eBPF without a compiler: an assembler for a few instructions, and the system calls to load.

Numbers: linux/bpf.h and linux/bpf_common.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
MAP_CREATE, MAP_UPDATE, PROG_LOAD, OBJ_PIN, PROG_TEST_RUN = 0, 2, 5, 6, 10
ARRAY = 2
SCHED_CLS, XDP = 3, 6
TEST_RUN_LIVE_FRAMES = 2
LOOK_UP, REDIRECT = 1, 23
STACK = 10
ATTRIBUTE_BYTES = 128

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command: int, attribute: bytes) -> tuple[int, bytes]:
    """The system call; gives its result and the attribute as the kernel left it."""
    buffer = ctypes.create_string_buffer(attribute.ljust(ATTRIBUTE_BYTES, b"\0"), ATTRIBUTE_BYTES)
    number = SYSCALL.get(platform.machine())
    if number is None:
        raise OSError(f"bpf: no system call number for {platform.machine()} here")
    result = libc.syscall(number, command, buffer, ATTRIBUTE_BYTES)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"bpf({command}): {os.strerror(code)}")
    return result, buffer.raw


def code(op: int, to: int = 0, of: int = 0, offset: int = 0, value: int = 0) -> bytes:
    """One instruction: opcode, registers, offset, immediate value."""
    registers = to | of << 4 if sys.byteorder == "little" else of | to << 4
    return struct.pack("=BBhI", op, registers, offset, value & 0xFFFFFFFF)


def set_to(to: int, value: int) -> bytes:
    """Register = number."""
    return code(0xB7, to, value=value)


def copy(to: int, of: int) -> bytes:
    """Register = register."""
    return code(0xBF, to, of)


def plus(to: int, value: int) -> bytes:
    """Register += number."""
    return code(0x07, to, value=value)


def keep_bits(to: int, value: int) -> bytes:
    """Register &= number."""
    return code(0x57, to, value=value)


def set_bits(to: int, value: int) -> bytes:
    """Register |= number."""
    return code(0x47, to, value=value)


def flip_bits(to: int, value: int) -> bytes:
    """Register ^= number."""
    return code(0xA7, to, value=value)


def shift_left(to: int, count: int) -> bytes:
    """Register <<= count."""
    return code(0x67, to, value=count)


def shift_right(to: int, count: int) -> bytes:
    """Register >>= count."""
    return code(0x77, to, value=count)


def network_order_16(to: int) -> bytes:
    """The register's low two bytes as the network orders them."""
    return code(0xDC, to, value=16)


def load(size: str, to: int, of: int, offset: int) -> bytes:
    """Register = memory; the size is one of `b`, `h`, `w`, `d`: 1 to 8 bytes."""
    return code({"w": 0x61, "h": 0x69, "b": 0x71, "d": 0x79}[size], to, of, offset)


def store(size: str, at: int, offset: int, of: int) -> bytes:
    """Memory = register."""
    return code({"w": 0x63, "h": 0x6B, "d": 0x7B}[size], at, of, offset)


def store_bytes(at: int, offset: int, data: bytes) -> bytes:
    """Memory = constant bytes, an even number of them."""
    out = b""
    for place in range(0, len(data), 4):
        piece = data[place : place + 4]
        op = 0x62 if len(piece) == 4 else 0x6A
        out += code(op, at, offset=offset + place, value=int.from_bytes(piece, sys.byteorder))
    return out


def unless_equal(register: int, value: int, skipped: bytes) -> bytes:
    """`skipped` runs only if the register has the value."""
    return code(0x55, register, offset=len(skipped) // 8, value=value) + skipped


def if_room(start: int, end: int, size: int, inside: bytes) -> bytes:
    """`inside` runs only if so many bytes lie between two pointers; uses register 2."""
    return copy(2, start) + plus(2, size) + code(0x2D, 2, end, len(inside) // 8) + inside


def either(first: bytes, second: bytes, register: int, value: int) -> bytes:
    """`first` if the register has the value, else `second`."""
    return unless_equal(register, value, first + code(0x05, offset=len(second) // 8)) + second


def call(helper: int) -> bytes:
    """A helper function of the kernel; its result is in register 0."""
    return code(0x85, value=helper)


def count(to: int, table: int) -> bytes:
    """Register = the number of runs before this one, kept in an array; ends with 0 without it."""
    key = code(0x62, STACK, offset=-4) + copy(2, STACK) + plus(2, -4)
    array = code(0x18, 1, 1, value=table) + code(0)
    found = load("d", to, 0, 0) + copy(1, to) + plus(1, 1) + store("d", 0, 0, 1)
    return key + array + call(LOOK_UP) + code(0x55, 0, offset=1) + leave() + found


def give(value: int) -> bytes:
    """Ends with a verdict."""
    return set_to(0, value) + leave()


def leave() -> bytes:
    """Ends with what register 0 holds."""
    return code(0x95)


def make_counter() -> int:
    """File descriptor of an array of one number."""
    return bpf(MAP_CREATE, struct.pack("=IIII", ARRAY, 4, 8, 1))[0]


def set_counter(table: int, value: int) -> None:
    """Goes on from another number."""
    key, number = ctypes.c_uint32(0), ctypes.c_uint64(value)
    places = (ctypes.addressof(key), ctypes.addressof(number))
    bpf(MAP_UPDATE, struct.pack("=IIQQQ", table, 0, *places, 0))


def load_program(kind: int, program: bytes) -> int:
    """File descriptor of the program; raises OSError with the verifier's words."""
    text = ctypes.create_string_buffer(program, len(program))
    license_ = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 16)
    attribute = struct.pack(
        "=IIQQIIQI",
        *(kind, len(program) // 8, ctypes.addressof(text), ctypes.addressof(license_)),
        *(1, len(log), ctypes.addressof(log), 0),
    )
    try:
        return bpf(PROG_LOAD, attribute)[0]
    except OSError as error:
        said = log.value.decode("ascii", "replace")[-400:]
        raise OSError(error.errno, f"{error.strerror}: {said}") from error


def pin(descriptor: int, path: str) -> None:
    """Gives a program a name in a BPF file system."""
    name = ctypes.create_string_buffer(path.encode())
    bpf(OBJ_PIN, struct.pack("=QII", ctypes.addressof(name), descriptor, 0))


def send_live(descriptor: int, frame: bytes, ifindex: int, count: int) -> int:
    """Hands so many copies of a frame to a device, each by way of an XDP program, as its driver
    would; gives the nanoseconds of each. Needs Linux 5.18.
    """
    data = ctypes.create_string_buffer(frame, len(frame))
    context = struct.pack("=IIIIII", 0, len(frame), 0, ifindex, 0, 0)
    buffer = ctypes.create_string_buffer(context, len(context))
    attribute = struct.pack(
        "=IIIIQQIIIIQQIII",
        *(descriptor, 0, len(frame), 0, ctypes.addressof(data), 0, count, 0),
        *(len(context), 0, ctypes.addressof(buffer), 0, TEST_RUN_LIVE_FRAMES, 0, 0),
    )
    return struct.unpack_from("=I", bpf(PROG_TEST_RUN, attribute)[1], 36)[0]
