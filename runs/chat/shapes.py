"""The frozen shapes of a chat: what is asked -> who answers -> what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.shapes import Budget, Category
from runs.shapes import ChatResult, JsonObject, Mode


class Face(StrEnum):
    """The protocol that the client speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    RESPONSES = "responses"  # OpenAI's newer one


class ToolKind(StrEnum):
    """The kinds of tools that a client of the Responses protocol runs itself."""

    FUNCTION = "function"
    CUSTOM = "custom"  # takes plain text, no fields
    TOOL_SEARCH = "tool_search"  # finds the client's further tools


# --- asked ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Automatic:
    """Choose: within a category and a price range, where they are named."""

    category: Category | None = None
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class ByPolicy:
    """Choose as a tier of the route policy says."""

    tier: str


@dataclass(frozen=True, slots=True)
class ByMode:
    """Have a run of this mode answer."""

    mode: Mode
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class ByName:
    """This model and no other."""

    model_id: str


Wish = Automatic | ByPolicy | ByMode | ByName


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A tool under the name that its client gave it; a model knows it by another."""

    kind: ToolKind
    name: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class ResponsesWords:
    """What an answer in the Responses protocol needs of what was asked, beside the conversation."""

    repeated: JsonObject = field(default_factory=dict)  # the fields that the answer says again
    client_tools: Mapping[str, ClientTool] = field(default_factory=dict)  # by the names that the model knows
    left_out: tuple[str, ...] = ()  # what was asked for and is not had here, each with the reason
    wants_summary: bool = False  # of the reasoning


@dataclass(frozen=True, slots=True)
class ChatAsk:
    """What a client wants, in one protocol's words: OpenAI's."""

    model: str  # as the client wrote it
    wish: Wish
    messages: tuple[JsonObject, ...]
    max_output_tokens: int | None = None
    temperature: float | None = None
    tools: tuple[JsonObject, ...] = ()
    tool_choice: object = None
    response_format: JsonObject | None = None
    extra: Mapping[str, object] = field(default_factory=dict)  # handed on unread
    thinking: JsonObject | None = None  # as Anthropic's messages write it
    is_streaming: bool = False
    tells_usage: bool = False  # in a stream
    session: str = ""  # named by the client
    budget: Budget | None = None
    is_simulated: bool = False
    choice_count: int = 1  # how many answers
    face: Face = Face.OPENAI
    responses: ResponsesWords = field(default_factory=ResponsesWords)


# --- answered ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of an answer; what is not yet known is empty or None."""

    model_id: str
    reason: str
    decision_id: str = ""
    session: str = ""
    is_simulated: bool = False
    run_id: str = ""
    cost_nano_usd: int | None = None
    result: ChatResult | None = None  # of several answers the first, with the tokens of all
    other_results: tuple[ChatResult, ...] = ()
    attempt_count: int = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, as a client is told."""

    code: str
    message: str
    status: int
    retry_after_s: float | None = None
