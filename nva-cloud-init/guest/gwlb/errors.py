"""The family of exceptions: each message is for the journal, and stays short."""

from __future__ import annotations

from gwlb.foreign import short


class Failed(Exception):
    """Something could not be done; its message may quote what others wrote."""

    def __init__(self, message: object) -> None:
        super().__init__(short(message))


class TooSlow(Failed):
    """A command did not end in its time: nothing is known, which is not the same as wrong."""


class SettingsError(Failed):
    """The settings file is missing, unreadable or asks for what cannot be."""


class RefusedError(Failed):
    """A policy cannot be loaded."""


class ImdsError(Failed):
    """The metadata service gave no usable answer; the message says what it gave."""
