"""Carry out as one what several threads ask for at about the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """Work that costs less for many than for each, done by one thread at a time for all that wait.

    Nobody waits for company: who finds nothing under way begins at once, and takes along those who came while the
    turn before lasted.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]], *, most: int) -> None:
        """`work` answers each of what it is given, in order; at most about `most` at once."""
        self._work, self._most = work, most
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._waiting: list[_Wish[Asked, Answer]] = []

    def ask(self, items: Sequence[Asked]) -> Sequence[Answer]:
        """The answers to these items; an error of the work is raised for all whom it was done for."""
        wish: _Wish[Asked, Answer] = _Wish(items)
        with self._lock:
            self._waiting.append(wish)
        with self._turn:
            while wish.answers is None and wish.error is None:
                self._answer(self._next())
        if wish.error is not None:
            raise wish.error
        return wish.answers or ()

    def _next(self) -> list[_Wish[Asked, Answer]]:
        """The wishes that waited longest, as many as go together; always one."""
        with self._lock:
            count, size = 0, 0
            while count < len(self._waiting) and (not count or size + len(self._waiting[count].items) <= self._most):
                size += len(self._waiting[count].items)
                count += 1
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _answer(self, wishes: Sequence[_Wish[Asked, Answer]]) -> None:
        try:
            answers = self._work([item for wish in wishes for item in wish.items])
        except Exception as error:  # noqa: BLE001  handed on to each that waits for it
            for wish in wishes:
                wish.error = error
            return
        begin = 0
        for wish in wishes:
            wish.answers = answers[begin : begin + len(wish.items)]
            begin += len(wish.items)


class _Wish(Generic[Asked, Answer]):
    """What one thread asks for, and what came of it."""

    __slots__ = ("answers", "error", "items")

    def __init__(self, items: Sequence[Asked]) -> None:
        self.items = items
        self.answers: Sequence[Answer] | None = None
        self.error: Exception | None = None
