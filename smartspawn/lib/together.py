"""Carry out as one what several threads ask for at about the same time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """Work that costs less for many than for each, done in a few turns at once for all that wait.

    Nobody waits for company: who finds a turn free begins at once, and whoever's turn comes takes along those who came
    while the turns before lasted.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]], *, most: int, turns: int = 1) -> None:
        """`work` answers each of what it is given, in order; about `most` in a turn, at most `turns` at once."""
        self._work, self._most = work, most
        self._lock = threading.Lock()
        self._free_turns = turns  # none is free while somebody waits
        self._waiting: deque[_Wish[Asked, Answer]] = deque()

    def ask(self, items: Sequence[Asked]) -> Sequence[Answer]:
        """The answers to these items. An error that the work raises for others' items is not ours."""
        wish: _Wish[Asked, Answer] = _Wish(items)
        with self._lock:
            begins = self._free_turns > 0
            if begins:
                self._free_turns -= 1
            else:
                self._waiting.append(wish)
        if not begins:
            wish.called.acquire()
            if wish.answers is not None:
                return wish.answers
        try:
            return self._answered(wish)
        finally:
            self._pass_on()

    def _answered(self, wish: _Wish[Asked, Answer]) -> Sequence[Answer]:
        others = self._taken_along(wish)
        try:
            answers = self._work([item for one in (wish, *others) for item in one.items])
        except BaseException as fault:
            self._put_back(others)
            if others and isinstance(fault, Exception):
                return self._work(wish.items)
            raise
        begin = len(wish.items)
        for one in others:
            one.answers = answers[begin : begin + len(one.items)]
            begin += len(one.items)
            one.called.release()
        return answers[: len(wish.items)]

    def _taken_along(self, wish: _Wish[Asked, Answer]) -> list[_Wish[Asked, Answer]]:
        """Those who have waited longest, as many as fit beside this one."""
        taken: list[_Wish[Asked, Answer]] = []
        size = len(wish.items)
        with self._lock:
            while not wish.is_alone and self._waiting and not self._waiting[0].is_alone:
                size += len(self._waiting[0].items)
                if size > self._most:
                    break
                taken.append(self._waiting.popleft())
        return taken

    def _put_back(self, wishes: Sequence[_Wish[Asked, Answer]]) -> None:
        """One of these, or of him who took them along, cannot be fulfilled: each gets a turn of its own."""
        for one in wishes:
            one.is_alone = True
        with self._lock:
            self._waiting.extendleft(reversed(wishes))

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().called.release()
            else:
                self._free_turns += 1


class _Wish(Generic[Asked, Answer]):
    """What one thread asks for, and what came of it."""

    __slots__ = ("answers", "called", "is_alone", "items")

    def __init__(self, items: Sequence[Asked]) -> None:
        self.items = items
        self.answers: Sequence[Answer] | None = None
        self.is_alone = False
        self.called = threading.Lock()  # released once the answers are there, or a turn is
        self.called.acquire()
