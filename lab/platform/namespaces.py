"""Sockets in other network namespaces: a socket belongs to the one that it was made in."""

import contextlib
import ctypes
import os
import socket
from collections.abc import Iterator

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")


@contextlib.contextmanager
def namespace(name: str) -> Iterator[None]:
    """Runs the block in a named network namespace; nothing in it may wait."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        other = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            _enter(other)
        finally:
            os.close(other)
        try:
            yield
        finally:
            _enter(own)
    finally:
        os.close(own)


def stream_socket(name: str) -> socket.socket:
    """A TCP socket of a namespace that never makes this program wait."""
    with namespace(name):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    return made
