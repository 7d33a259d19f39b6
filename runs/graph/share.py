"""What is kept of a run's cap for the nodes that bring its answers together: no other call may take it. Pure.

Every answer that they must read makes them dearer. Before a call is given leave its longest answer is therefore counted
as read: what is begun can also be brought together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from runs.graph.closing import Closer, Readers, find_closers, find_readers, least_cap_nano
from runs.graph.live import Place
from runs.shapes import NodeStatus
from runs.tokens.estimate import text_tokens


@dataclass
class _Texts:
    """Tokens by the node that writes them, and summed up for each closing node that reads them."""

    by_writer: dict[str, int] = field(default_factory=dict)
    by_reader: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def note(self, key: str, tokens: int, readers: Readers) -> None:
        former, self.by_writer[key] = self.by_writer.get(key, 0), tokens
        for reader in readers.get(key, ()):
            self.by_reader[reader] += tokens - former

    def regroup(self, readers: Readers) -> None:
        self.by_reader.clear()
        for key, tokens in self.by_writer.items():
            for reader in readers.get(key, ()):
                self.by_reader[reader] += tokens


class ClosingShare:
    """What one run keeps for its end while its nodes come and go.

    Nothing without a cap, and nothing under one in which some answer would not fit beside it: what is kept must make
    none of them impossible. There the money buys answers, and the end takes what is left.
    """

    def __init__(self, places: Mapping[str, Place], final: str, cap_nano_usd: int | None) -> None:
        least = least_cap_nano((place.spec for place in places.values()), final)
        self._final = final
        self._is_kept = cap_nano_usd is not None and 0 < least <= cap_nano_usd
        self._places: Mapping[str, Place] = {}
        self._closers: Mapping[str, Closer] = {}
        self._readers: Readers = {}
        self._came, self._coming = _Texts(), _Texts()
        self.follow(places)
        for place in places.values():
            if place.status is NodeStatus.COMPLETED:
                self.take_in(place.key, place.output)

    def follow(self, places: Mapping[str, Place]) -> None:
        """Heed the nodes as they are now: the plan begins, or has grown."""
        if not self._is_kept:
            return
        specs = {key: place.spec for key, place in places.items()}
        ended = frozenset(key for key, place in places.items() if place.status.is_final)
        self._places = dict(places)
        self._closers = find_closers(specs.values(), self._final)
        self._readers = find_readers(self._closers.values(), specs, ended)
        self._came.regroup(self._readers)
        self._coming.regroup(self._readers)

    def expect(self, key: str, output_tokens: int) -> None:
        """The node asks for leave or is at work: its answer may get so long."""
        if key in self._readers:
            self._coming.note(key, output_tokens, self._readers)

    def take_in(self, key: str, output: str | None) -> None:
        """The node has ended, with this text."""
        if key in self._readers:
            self._coming.note(key, 0, self._readers)
            self._came.note(key, text_tokens(output or ""), self._readers)

    def kept_nano(self, key: str) -> int:
        """What must stay free beside a call of this node, with the others that are at work."""
        return sum(
            closer.cost_nano(self._came.by_reader[reader] + self._coming.by_reader[reader])
            for reader, closer in self._closers.items()
            if self._is_to_come(reader, key)
        )

    def least_kept_nano(self, key: str) -> int:
        """The same once no other is at work and nothing came of them."""
        own, reads = self._coming.by_writer.get(key, 0), self._readers.get(key, ())
        return sum(
            closer.cost_nano(self._came.by_reader[reader] + (own if reader in reads else 0))
            for reader, closer in self._closers.items()
            if self._is_to_come(reader, key)
        )

    def _is_to_come(self, reader: str, key: str) -> bool:
        place = self._places[reader]
        return reader != key and place.status is NodeStatus.QUEUED and not place.is_started
