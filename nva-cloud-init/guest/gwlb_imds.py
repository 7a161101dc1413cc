"""Requests to the instance metadata service, bounded in time and size, past any proxy."""

from __future__ import annotations

import http.client
import os
import time
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

# For tests: where the metadata service answers.
IMDS = os.environ.get("GWLB_IMDS", "http://169.254.169.254")
# userData, the largest answer, is at most 64 KB; one byte more than any reading of it shows excess.
ANSWER_LIMIT = 128 << 10
HEADERS = {"Metadata": "true"}


class ImdsError(Exception):
    """The metadata service gave no usable answer; the text says what it gave."""


class Answer(NamedTuple):
    """What a server said, and what time it had (seconds since 1970) if it said so."""

    status: int
    body: bytes
    time: float | None


def fetch(
    url: str, seconds: float, headers: dict[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One GET, or a POST if there is a body; a slow answer is none."""
    parts = urlsplit(url)
    deadline = time.monotonic() + seconds
    link = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=seconds)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        link.request("GET" if body is None else "POST", target, body=body, headers=headers or {})
        answer = link.getresponse()
        text = b""
        while chunk := answer.read1(16384):
            text += chunk
            if len(text) > ANSWER_LIMIT:
                raise ImdsError(f"more than {ANSWER_LIMIT} bytes")
            if time.monotonic() > deadline:
                raise ImdsError(f"not complete after {seconds:g} s")
        return Answer(answer.status, text, time_of(answer.headers.get("Date")))
    except (OSError, http.client.HTTPException) as error:
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
    """Seconds since 1970 of a time as HTTP and scheduled events write it; None if it is none."""
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except ValueError:
        return None
