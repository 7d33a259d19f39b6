"""OpenAI's chat completions: what a body asks for. Fields that are not known are handed on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.shapes import Budget
from runs.chat.names import read_name
from runs.chat.shapes import ChatAsk
from runs.texts.cleaning import clean_json
from smartspawn.lib.errors import InvalidBody, InvalidParam, MissingParam

OWN_FIELD: Final = "smartspawn"
SESSION_HEADER: Final = "X-Smartspawn-Session"
SIMULATE_HEADER: Final = "X-Smartspawn-Simulate"
MOST_OUTPUT_TOKENS: Final = 1_000_000
MOST_CHOICES: Final = 16  # each is a call of its own
_MOST_MESSAGES: Final = 10_000
_LONGEST_NAME: Final = 200
_YES: Final = frozenset({"true", "1", "yes", "on"})
_ROLES: Final = ("system", "developer", "user", "assistant", "tool", "function")
# What is read here; everything else goes to the provider as it came. ``usage`` is what OpenRouter takes for "tell
# the cost", which is always asked for.
_READ: Final = frozenset(
    {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature"}
    | {"tools", "tool_choice", "response_format", "usage", "n", OWN_FIELD}
)
# What would have another model answer than the one that was chosen and allowed, or more be written than was set aside.
_REFUSED: Final = {
    "models": "Name one model; spares are chosen here.",
    "route": "Name one model; spares are chosen here.",
    "fallbacks": "Name one model; spares are chosen here.",
    "preset": "Name one model.",
    "best_of": "Ask for several answers (n), and judge them.",
    "audio": "Answers are text and calls of tools; sound is not handed back.",
    "functions": "Send them as tools.",
}

Headers = Mapping[str, str]


def read_chat(body: object, headers: Headers) -> ChatAsk:
    """What the body asks for. Raises BadInput, and ModelUnknown for a name that says nothing."""
    given = _object(body)
    own = read_own(given.get(OWN_FIELD), headers)
    name = read_model(given)
    for field, why in _REFUSED.items():
        if given.get(field) not in (None, False, [], 0):
            raise InvalidParam(f"{field}: {why}", param=field)
    streams = _switch(given, "stream")
    if not _switch(given, "logprobs") and given.get("top_logprobs") not in (None, 0):
        raise InvalidParam("top_logprobs: goes with logprobs: true.", param="top_logprobs")
    return ChatAsk(
        model=name,
        wish=read_name(name),
        messages=_messages(given),
        max_output_tokens=_limit(given),
        temperature=read_number(given, "temperature", most=2),
        tools=tuple(read_objects(given, "tools")),
        tool_choice=given.get("tool_choice"),
        response_format=read_object(given, "response_format"),
        extra={field: value for field, value in given.items() if field not in _READ and value is not None},
        is_streaming=streams,
        tells_usage=streams and (read_object(given, "stream_options") or {}).get("include_usage") is True,
        session=own.session,
        budget=own.budget,
        is_simulated=own.is_simulated,
        choice_count=read_count(given, "n", most=MOST_CHOICES) or 1,
    )


class Own:
    """What is said to us rather than to the model."""

    __slots__ = ("budget", "is_simulated", "session")

    def __init__(self, session: str, budget: Budget | None, *, is_simulated: bool) -> None:
        self.session = session
        self.budget = budget
        self.is_simulated = is_simulated


def read_own(given: object, headers: Headers) -> Own:
    """The ``smartspawn`` field and its headers; the field counts before them."""
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise InvalidParam("smartspawn: must be an object.", param=OWN_FIELD)
    session = given.get("session", headers.get(SESSION_HEADER, ""))
    if not isinstance(session, str) or len(session) > _LONGEST_NAME:
        raise InvalidParam(f"smartspawn.session: text of at most {_LONGEST_NAME} characters.", param=OWN_FIELD)
    budget = given.get("budget")
    if budget is not None and budget not in list(Budget):
        raise InvalidParam(f"smartspawn.budget: one of {', '.join(Budget)}.", param=OWN_FIELD)
    simulate = given.get("simulate", headers.get(SIMULATE_HEADER, "").lower() in _YES)
    if not isinstance(simulate, bool):
        raise InvalidParam("smartspawn.simulate: true or false.", param=OWN_FIELD)
    return Own(session, Budget(budget) if budget is not None else None, is_simulated=simulate)


# --- fields, for both protocols ----------------------------------------------------------------


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise InvalidBody("The body must be a JSON object.")
    try:
        cleaned: Any = clean_json(dict(body))
        msgspec.json.encode(cleaned)
    except (RecursionError, OverflowError, ValueError) as error:
        raise InvalidBody("The body is nested too deeply, or holds a number that is too large.") from error
    return dict(cleaned)


def read_body(body: object) -> Mapping[str, Any]:
    """The body as an object, without what no database can hold. Raises InvalidBody."""
    return _object(body)


def read_model(given: Mapping[str, Any]) -> str:
    """The name of the model."""
    name = given.get("model")
    if name is None or name == "":
        raise MissingParam("model is required: auto, or a name that GET /v1/models lists.", param="model")
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        raise InvalidParam(f"model: text of at most {_LONGEST_NAME} characters.", param="model")
    return name.strip()


def read_objects(given: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """A list of objects; none where the field is absent."""
    value = given.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise InvalidParam(f"{field}: must be a list of objects.", param=field)
    return value


def read_object(given: Mapping[str, Any], field: str) -> Mapping[str, Any] | None:
    """An object; None where the field is absent."""
    value = given.get(field)
    if value is not None and not isinstance(value, Mapping):
        raise InvalidParam(f"{field}: must be an object.", param=field)
    return value


def read_number(given: Mapping[str, Any], field: str, *, most: float) -> float | None:
    """A number from 0 on; None where the field is absent."""
    value = given.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidParam(f"{field}: must be a number.", param=field)
    if not 0 <= value <= most:
        raise InvalidParam(f"{field}: must be between 0 and {most:g}.", param=field)
    return float(value)


def read_count(given: Mapping[str, Any], field: str, *, most: int = MOST_OUTPUT_TOKENS) -> int | None:
    """A whole number from 1 on; None where the field is absent."""
    value = given.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidParam(f"{field}: a whole number from 1 to {most}.", param=field)
    return value


def _limit(given: Mapping[str, Any]) -> int | None:
    told = read_count(given, "max_completion_tokens")
    return told if told is not None else read_count(given, "max_tokens")


def _switch(given: Mapping[str, Any], field: str) -> bool:
    value = given.get(field)
    if value is not None and not isinstance(value, bool):
        raise InvalidParam(f"{field}: true or false.", param=field)
    return bool(value)


def read_switch(given: Mapping[str, Any], field: str) -> bool:
    """True or false; absent is false."""
    return _switch(given, field)


def _messages(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    if given.get("messages") is None:
        raise MissingParam("messages is required.", param="messages")
    messages = read_objects(given, "messages")
    if not 0 < len(messages) <= _MOST_MESSAGES:
        raise InvalidParam(f"messages: from 1 to {_MOST_MESSAGES} of them.", param="messages")
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        if message.get("role") not in _ROLES:
            raise InvalidParam(f"{where}.role: one of {', '.join(_ROLES)}.", param=where)
        _check_content(message.get("content"), where)
    return tuple(messages)


def _check_content(content: object, where: str) -> None:
    is_list = isinstance(content, list) and all(isinstance(part, Mapping) for part in content)
    if content is not None and not isinstance(content, str) and not is_list:
        raise InvalidParam(f"{where}.content: text, or a list of parts.", param=where)
