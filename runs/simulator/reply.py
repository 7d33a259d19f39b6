"""An answer before it is put into the words of a protocol."""

from __future__ import annotations

from dataclasses import dataclass

from runs.simulator.answers import make_answer
from runs.simulator.asked import Asked
from runs.simulator.scenario import Scenario

_CHARS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said, in which pieces, and what it takes."""

    number: int  # of the call, for its id
    model: str
    text: str
    tool_name: str  # "": the text is the answer; otherwise the text is the tool's input
    is_cut_short: bool  # by the limit of tokens
    input_tokens: int
    cached_tokens: int  # of the input
    output_tokens: int  # without reasoning
    reasoning_tokens: int
    cost_nano_usd: int
    piece_count: int

    @property
    def completion_tokens(self) -> int:
        return self.output_tokens + self.reasoning_tokens

    def pieces(self) -> list[str]:
        """The text in the pieces of a stream."""
        size = max(1, -(-len(self.text) // self.piece_count))
        return [self.text[start : start + size] for start in range(0, len(self.text), size)]


def make_reply(asked: Asked, scenario: Scenario, number: int) -> Reply:
    """The answer to a call."""
    if asked.forced_tool:
        schema = asked.tool_schema or {"type": "object"}
        text = asked.tool_input or make_answer("", schema, output_tokens=0, score=scenario.score)
    else:
        text = make_answer(asked.prompt, asked.schema, output_tokens=scenario.output_tokens, score=scenario.score)
    wanted = max(1, len(text) // _CHARS_A_TOKEN)
    reasoning = min(scenario.reasoning_tokens, max(0, asked.most_tokens - 1))
    given = wanted if asked.forced_tool else min(wanted, asked.most_tokens - reasoning)
    return Reply(
        number=number,
        model=asked.model,
        text=text if given == wanted else text[: given * _CHARS_A_TOKEN],
        tool_name=asked.forced_tool,
        is_cut_short=given < wanted,
        input_tokens=asked.input_tokens,
        cached_tokens=int(asked.input_tokens * scenario.cached_share),
        output_tokens=given,
        reasoning_tokens=reasoning,
        cost_nano_usd=scenario.cost_nano(asked.input_tokens, given + reasoning),
        piece_count=scenario.pieces,
    )
