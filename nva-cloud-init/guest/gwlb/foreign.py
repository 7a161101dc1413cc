"""Bounds on what others send: how long it may take, how large and how deep it may be, and how much
of it is repeated."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

Parsed = Any  # whatever others put into a document
MOST_DEPTH = 16
MOST_ECHO = 400
# What an escape hides, where strings begin and end, and what matters outside strings: brackets and
# overlong numbers. No text is read twice.
TOKENS = re.compile(r'\\.|["\[{\]}]|[-+.\w]{40,}', re.DOTALL)


def short(value: object) -> str:
    """As much of a foreign text as a person needs, in characters that any journal takes."""
    text = str(value)
    if len(text) > MOST_ECHO:
        text = f"{text[:MOST_ECHO]}… ({len(text)} characters)"
    return text.encode(errors="backslashreplace").decode()


def parse_json(data: bytes, most: int) -> Parsed:
    """A JSON document of so many bytes at most; raises ValueError for all that is none."""
    if len(data) > most:
        raise ValueError(f"{len(data)} bytes, more than {most}")
    text = data.decode()
    depth, inside = 0, False
    for token in TOKENS.finditer(text):
        first = text[token.start()]
        if first == '"':
            inside = not inside
        elif inside or first == "\\":
            continue
        elif first in "[{":
            depth += 1
            if depth > MOST_DEPTH:
                raise ValueError(f"nested deeper than {MOST_DEPTH}")
        elif first in "]}":
            depth -= 1
        else:
            raise ValueError(f"{first}… is no number of less than 40 digits")
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


@contextmanager
def cut_after(seconds: float, link: socket.socket) -> Iterator[None]:
    """Ends a conversation in time, however slowly the other side goes on; raises TimeoutError."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if over.is_set():
            raise TimeoutError
