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
        """The answers to these items. An error that the work raises for others' items is not ours."""
        wish: _Wish[Asked, Answer] = _Wish(items)
        with self._lock:
            self._waiting.append(wish)
        with self._turn:
            return self._answered(wish) if wish.answers is None else wish.answers

    def _answered(self, wish: _Wish[Asked, Answer]) -> Sequence[Answer]:
        company = [wish, *self._taken_along(wish)]
        try:
            answers = self._work([item for one in company for item in one.items])
        except Exception:
            if len(company) > 1:
                return self._work(wish.items)  # whoever was taken along asks alone when its turn comes
            raise
        begin = 0
        for one in company:
            one.answers = answers[begin : begin + len(one.items)]
            begin += len(one.items)
        return wish.answers or ()

    def _taken_along(self, wish: _Wish[Asked, Answer]) -> list[_Wish[Asked, Answer]]:
        """Those who have waited longest, as many as fit beside this one."""
        taken, size = [], len(wish.items)
        with self._lock:
            others = [one for one in self._waiting if one is not wish]
            while others and size + len(others[0].items) <= self._most:
                taken.append(others.pop(0))
                size += len(taken[-1].items)
            self._waiting = others
        return taken


class _Wish(Generic[Asked, Answer]):
    """What one thread asks for, and what came of it."""

    __slots__ = ("answers", "items")

    def __init__(self, items: Sequence[Asked]) -> None:
        self.items = items
        self.answers: Sequence[Answer] | None = None
