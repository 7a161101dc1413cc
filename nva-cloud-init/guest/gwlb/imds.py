"""Requests to the instance metadata service, bounded in time and size, past any proxy."""

from __future__ import annotations

import http.client
import os
import socket
import time
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from gwlb.errors import ImdsError
from gwlb.foreign import cut_after

# For tests: where the metadata service answers.
IMDS = os.environ.get("GWLB_IMDS", "http://169.254.169.254")
# userData, the largest answer, is at most 64 KB; one byte more than any reading of it shows excess.
ANSWER_LIMIT = 128 << 10
HEADERS = {"Metadata": "true"}


class Answer(NamedTuple):
    """What a server said, and what time it had, as it wrote it."""

    status: int
    body: bytes
    date: str | None


def fetch(
    url: str, seconds: float, headers: dict[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One GET, or a POST if there is a body; an answer that is not complete in time is none.

    http.client bounds lines and their number, and each read, but not the reads together.
    """
    parts, end = urlsplit(url), time.monotonic() + seconds
    link = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=seconds)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        link.connect()
        with cut_after(end - time.monotonic(), link.sock):
            method = "GET" if body is None else "POST"
            link.request(method, target, body=body, headers=headers or {})
            answer = link.getresponse()
            text = answer.read(ANSWER_LIMIT + 1)
        if len(text) > ANSWER_LIMIT:
            raise ImdsError(f"more than {ANSWER_LIMIT} bytes")
        if answer.length:
            raise ImdsError(f"{answer.length} bytes are missing")
        date = answer.headers.get("Date")
        return Answer(answer.status, text, date and str(date))
    except (TimeoutError, socket.timeout) as error:
        raise ImdsError(f"not complete after {seconds:g} s") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ImdsError(f"{type(error).__name__} {error}".strip()) from error
    finally:
        link.close()


def ask(path: str, seconds: float, body: bytes | None = None) -> Answer:
    """A good answer of the metadata service; raises ImdsError with the status of any other."""
    answer = fetch(IMDS + path, seconds, HEADERS, body)
    if answer.status != http.client.OK:
        raise ImdsError(f"HTTP {answer.status}")
    return answer


def time_of(text: str | None) -> float | None:
    """Seconds since 1970 of a time as HTTP and scheduled events write it; None without one."""
    try:
        return parsedate_to_datetime(text[:64]).timestamp() if text else None
    except (ValueError, OverflowError, TypeError, LookupError) as error:
        raise ImdsError(f"not a time: {text!r}") from error
