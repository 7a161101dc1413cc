"""How programs of this package run, and run others: journal, threads, commands."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from gwlb.errors import Failed, TooSlow
from gwlb.foreign import short


def say(text: object) -> None:
    """One line in the journal."""
    print(text, file=sys.stderr, flush=True)


def start(main: Callable[[list[str]], int | None]) -> NoReturn:
    """Does what a program is for with the words of its command line; 1 with the reason if not."""
    try:
        sys.exit(main(sys.argv[1:]))
    except (Failed, OSError) as error:
        say(error)
        sys.exit(1)


def supervised(work: Callable[[], None]) -> None:
    """Does what never ends in a thread: if it ends, so does the process, to be started anew.

    A process that lives without one of its threads looks well and does not do its work.
    """

    def run_to_death() -> None:
        try:
            work()
        except BaseException as error:
            say(f"{work.__qualname__}: {type(error).__name__} {short(error)}")
        finally:
            os._exit(1)

    threading.Thread(target=run_to_death, daemon=True).start()


def run(argv: list[str], text: str | None = None, seconds: float = 10) -> str:
    """Runs a command and returns what it printed; raises Failed with what it complained of."""
    command = " ".join(argv)
    try:
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TooSlow(f"{command}: not done after {seconds:.0f} s") from error
    except OSError as error:
        raise Failed(f"{command}: {error}") from error
    if done.returncode != 0:
        complaint = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise Failed(f"{command}: {complaint}")
    return done.stdout
