"""What the simulated provider has seen and would bill, call by call: what a ledger is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypedDict

_MOST_KEYS: Final = 200_000
_MOST_TOLD: Final = 10_000  # calls that can be asked for by name


@dataclass(slots=True)
class KeyLine:
    """The calls that came with one idempotency key."""

    seen_count: int = 0
    completed_count: int = 0
    refused_count: int = 0  # an error or a rate limit: not billed
    disconnected_count: int = 0  # the caller left before the end; billed as far as it had come
    input_tokens: int = 0
    completion_tokens: int = 0
    cost_nano_usd: int = 0


class LinePayload(TypedDict):
    seen: int
    completed: int
    refused: int
    disconnected: int
    inputTokens: int
    completionTokens: int
    costNanoUsd: int


class BillPayload(TypedDict):
    simulated: bool
    totals: LinePayload
    inFlight: int
    mostInFlight: int
    isComplete: bool  # False: there were more keys than are kept
    calls: dict[str, LinePayload]


@dataclass(slots=True)
class Bill:
    """All calls so far."""

    totals: KeyLine = field(default_factory=KeyLine)
    lines: dict[str, KeyLine] = field(default_factory=dict)
    in_flight_count: int = 0
    most_in_flight_count: int = 0
    is_complete: bool = True
    _told: dict[str, tuple[int, bool]] = field(default_factory=dict)  # name -> (cost, whether it was answered wholly)

    def note_call(self, name: str, cost_nano_usd: int, *, is_whole: bool) -> None:
        """What a single call is billed, for whoever asks by its name; the latest are kept."""
        if len(self._told) >= _MOST_TOLD:
            del self._told[next(iter(self._told))]
        self._told[name] = cost_nano_usd, is_whole

    def told_of(self, name: str) -> dict[str, object] | None:
        """The bill of one call in OpenRouter's words; None for one that has not ended."""
        if name not in self._told:
            return None
        cost_nano_usd, is_whole = self._told[name]
        cost_usd = cost_nano_usd / 1e9
        return {"id": name, "total_cost": cost_usd, "usage": cost_usd, "cancelled": not is_whole, "is_byok": False}

    def note_seen(self, key: str) -> KeyLine:
        """A call has come; says on which line it is kept."""
        self.totals.seen_count += 1
        self.in_flight_count += 1
        self.most_in_flight_count = max(self.most_in_flight_count, self.in_flight_count)
        line = self.lines.get(key)
        if line is None:
            self.is_complete = self.is_complete and len(self.lines) < _MOST_KEYS
            line = KeyLine()
            if self.is_complete:
                self.lines[key] = line
        line.seen_count += 1
        return line

    def note_completed(self, line: KeyLine, input_tokens: int, completion_tokens: int, cost_nano_usd: int) -> None:
        """A call was answered to its end."""
        for each in (line, self.totals):
            each.completed_count += 1
        self._charge(line, input_tokens, completion_tokens, cost_nano_usd)

    def note_disconnected(self, line: KeyLine, input_tokens: int, completion_tokens: int, cost_nano_usd: int) -> None:
        """The caller left; what it had got until then is billed."""
        for each in (line, self.totals):
            each.disconnected_count += 1
        self._charge(line, input_tokens, completion_tokens, cost_nano_usd)

    def note_refused(self, line: KeyLine) -> None:
        """A call was refused."""
        for each in (line, self.totals):
            each.refused_count += 1

    def _charge(self, line: KeyLine, input_tokens: int, completion_tokens: int, cost_nano_usd: int) -> None:
        for each in (line, self.totals):
            each.input_tokens += input_tokens
            each.completion_tokens += completion_tokens
            each.cost_nano_usd += cost_nano_usd

    def payload(self) -> BillPayload:
        """The bill for whoever asks."""
        return {
            "simulated": True,
            "totals": _line_payload(self.totals),
            "inFlight": self.in_flight_count,
            "mostInFlight": self.most_in_flight_count,
            "isComplete": self.is_complete,
            "calls": {key: _line_payload(line) for key, line in self.lines.items()},
        }


def _line_payload(line: KeyLine) -> LinePayload:
    return {
        "seen": line.seen_count,
        "completed": line.completed_count,
        "refused": line.refused_count,
        "disconnected": line.disconnected_count,
        "inputTokens": line.input_tokens,
        "completionTokens": line.completion_tokens,
        "costNanoUsd": line.cost_nano_usd,
    }
