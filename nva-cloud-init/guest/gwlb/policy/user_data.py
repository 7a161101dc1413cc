"""Follows the VM's userData, in which the policy arrives."""

from __future__ import annotations

import http.client
import socket
import time
from collections import deque
from contextlib import suppress

from gwlb.errors import ImdsError
from gwlb.imds import HEADERS, IMDS, fetch
from gwlb.process import supervised

USER_DATA = "/metadata/instance/compute/userData?api-version=2021-01-01&format=text"
IMDS_SECONDS = 5.0


def fetch_user_data() -> str:
    """The VM's userData, base64; an empty text when it has none."""
    answer = fetch(IMDS + USER_DATA, IMDS_SECONDS, HEADERS)
    if answer.status == http.client.NOT_FOUND:
        return ""
    if answer.status != http.client.OK:
        raise ImdsError(f"HTTP {answer.status}")
    return answer.body.decode("ascii", "replace").strip()


class UserData:
    """Follows userData in a thread of its own: however slow the service is, the rules are mended.

    `news` has something to read when there is an answer to take.
    """

    def __init__(self, seconds: float) -> None:
        self.news, self._bell = socket.socketpair()
        for end in (self.news, self._bell):
            end.setblocking(False)
        self._seconds = seconds
        self._answers: deque[tuple[str | None, str]] = deque(maxlen=1)
        supervised(self._work)

    def take(self) -> tuple[str | None, str] | None:
        """The last answer that was not taken yet, if any: userData, and how the service does."""
        with suppress(IndexError):
            return self._answers.pop()
        return None

    def _work(self) -> None:
        while True:
            begun = time.monotonic()
            try:
                self._answers.append((fetch_user_data(), "ok"))
            except ImdsError as error:
                self._answers.append((None, f"unreachable: {error}"))
            # A full socket has rung already.
            with suppress(BlockingIOError):
                self._bell.send(b"1")
            time.sleep(max(0.2, self._seconds - (time.monotonic() - begun)))
