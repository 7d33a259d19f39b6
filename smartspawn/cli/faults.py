"""How the command ends when it does not end well; scripts can tell these apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

FAILED: Final = 1  # what was asked for did not come about: a failed run, a refused plan
USAGE: Final = 2  # wrong words on the command line, or settings that cannot be read
UNREACHABLE: Final = 3  # nobody answers at the address
NOT_ALLOWED: Final = 4  # no key, a wrong one, or one that does not reach
LIMITED: Final = 5  # a rate limit or a cap of money
WAITS: Final = 6  # the run waits for a person's yes
INTERRUPTED: Final = 130  # Ctrl-C, as shells tell it


class CliFault(Exception):
    """Something to tell the user, with the exit code that belongs to it."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


@contextmanager
def told_when_interrupted(message: str) -> Iterator[None]:
    """Have Ctrl-C within end the command with a word of what becomes of the work."""
    try:
        yield
    except KeyboardInterrupt:
        raise CliFault(message, INTERRUPTED) from None
