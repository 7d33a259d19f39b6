"""Where Django's thread leaves a prepared chat for the event loop of the same process: too large for a header."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Final

from runs.chat.prepared import Chat, RunChat

# A ticket is redeemed at once; what lies here longer belonged to a client that left in between.
KEPT_S: Final = 30.0

_lock = threading.Lock()
_held: dict[str, tuple[float, Chat | RunChat]] = {}


def deposit(work: Chat | RunChat) -> str:
    """Leave it, and get the word that takes it out again."""
    now_s, word = time.monotonic(), uuid.uuid4().hex
    with _lock:
        for old in [key for key, (left_at_s, _) in _held.items() if now_s - left_at_s > KEPT_S]:
            del _held[old]
        _held[word] = now_s, work
    return word


def take_out(word: str) -> Chat | RunChat:
    """What was left under this word; it is there once."""
    with _lock:
        return _held.pop(word)[1]
