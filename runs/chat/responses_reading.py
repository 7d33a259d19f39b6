"""OpenAI's Responses: what a body asks for, in the words of chat completions, which every provider here knows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runs.chat.names import read_name
from runs.chat.reading import (
    OWN_FIELD,
    Headers,
    read_body,
    read_count,
    read_model,
    read_number,
    read_object,
    read_objects,
    read_own,
    read_switch,
)
from runs.chat.responses_input import items_of, read_input
from runs.chat.responses_tools import Tools, choose_tools, read_tools
from runs.chat.shapes import ChatAsk, Face, ResponsesWords
from runs.chat.texts import name_of
from runs.providers.json_reading import text_at
from runs.shapes import JsonObject
from smartspawn.lib.errors import BadInput, InvalidParam

_MOST_CHANCES: Final = 20
_LONGEST_WORD: Final = 40
_CHANCES: Final = "message.output_text.logprobs"
_FORMATS: Final = ("text", "json_object", "json_schema")
_SUMMARIES: Final = ("auto", "concise", "detailed")
# What would have to be kept here from one request to the next, or made while nobody waits.
_REFUSED: Final = {
    "conversation": "No conversation is kept here. Send all its items in input.",
    "prompt": "No prompt is kept here. Send its text in instructions and input.",
    "background": "An answer is given while its client waits. For work that lasts start a run: POST /api/runs.",
}
# What an answer says again as it came; None where nothing was said.
_REPEATED: Final = (
    *("instructions", "max_output_tokens", "prompt_cache_key", "safety_identifier", "temperature", "top_p", "user"),
    "top_logprobs",
)


class NothingKept(BadInput):
    """The former response that is asked for is not known: none is kept."""

    code = "previous_response_not_found"  # the word of the protocol, on which clients act


def read_responses(body: object, headers: Headers) -> ChatAsk:
    """What the body asks for. Raises BadInput, and ModelUnknown for a name that says nothing."""
    given = read_body(body)
    own = read_own(given.get(OWN_FIELD), headers)
    name = read_model(given)
    _refuse_what_is_not_kept(given)
    items = items_of(given.get("input"))
    messages = read_input(items, _text(given, "instructions"))
    tool_choice, tools = choose_tools(given.get("tool_choice"), read_tools(read_objects(given, "tools"), items))
    cache_key = _text(given, "prompt_cache_key")
    return ChatAsk(
        model=name,
        wish=read_name(name),
        messages=messages,
        max_output_tokens=read_count(given, "max_output_tokens"),
        temperature=read_number(given, "temperature", most=2),
        tools=tools.wire,
        tool_choice=tool_choice,
        response_format=_response_format(given),
        extra=_extra(given),
        is_streaming=read_switch(given, "stream"),
        session=own.session or (name_of(messages, key=cache_key) if cache_key else ""),
        budget=own.budget,
        is_simulated=own.is_simulated,
        face=Face.RESPONSES,
        responses=_words_for_answer(given, tools),
    )


def _refuse_what_is_not_kept(given: JsonObject) -> None:
    former = given.get("previous_response_id")
    if former not in (None, ""):
        raise NothingKept(
            f"previous_response_id: no response is kept here, so {str(former)[:80]!r} is not known. Send the whole "
            "conversation in input: what was said before, with the items of each answer's output.",
            param="previous_response_id",
        )
    for field, why in _REFUSED.items():
        if given.get(field) not in (None, False, "", {}):
            raise InvalidParam(f"{field}: {why}", param=field)


def _extra(given: JsonObject) -> dict[str, object]:
    """What chat completions know under another name; fields that are not known are passed over."""
    top_p = read_number(given, "top_p", most=1)
    extra: dict[str, object] = {} if top_p is None else {"top_p": top_p}
    effort = _word(read_object(given, "reasoning") or {}, "effort", "reasoning.effort")
    extra |= {"reasoning_effort": effort} if effort else {}
    verbosity = _word(read_object(given, "text") or {}, "verbosity", "text.verbosity")
    extra |= {"verbosity": verbosity} if verbosity else {}
    if given.get("parallel_tool_calls") is not None and not read_switch(given, "parallel_tool_calls"):
        extra["parallel_tool_calls"] = False
    return extra | _chances(given)


def _chances(given: JsonObject) -> dict[str, object]:
    wanted, count = given.get("include"), given.get("top_logprobs")
    is_wanted = isinstance(wanted, list) and _CHANCES in wanted
    if count in (None, 0):
        return {"logprobs": True} if is_wanted else {}
    return {"logprobs": True, "top_logprobs": read_count(given, "top_logprobs", most=_MOST_CHANCES)}


def _response_format(given: JsonObject) -> JsonObject | None:
    """The form that the answer is held to; None for plain text."""
    wanted = read_object(read_object(given, "text") or {}, "format")
    kind = text_at(wanted, "type")
    if wanted is None or kind == "text":
        return None
    if kind not in _FORMATS:
        raise InvalidParam(f"text.format.type: one of {', '.join(_FORMATS)}.", param="text.format")
    if kind == "json_object":
        return {"type": kind}
    if not isinstance(wanted.get("schema"), Mapping):
        raise InvalidParam("text.format.schema: must be an object.", param="text.format")
    named = {"name": text_at(wanted, "name") or "answer", "schema": wanted["schema"]}
    more = {field: wanted[field] for field in ("description", "strict") if wanted.get(field) is not None}
    return {"type": kind, "json_schema": named | more}


def _words_for_answer(given: JsonObject, tools: Tools) -> ResponsesWords:
    reasoning, text = read_object(given, "reasoning") or {}, read_object(given, "text") or {}
    told: dict[str, Any] = {field: given.get(field) for field in _REPEATED}
    told |= {
        "metadata": read_object(given, "metadata") or {},
        "parallel_tool_calls": given.get("parallel_tool_calls") is not False,
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "text": {"format": {"type": "text"}, **text},
        "tool_choice": given.get("tool_choice") or "auto",
        "tools": tools.given,
    }
    return ResponsesWords(
        repeated=told,
        client_tools=tools.client_tools,
        left_out=tools.left_out,
        wants_summary=reasoning.get("summary") in _SUMMARIES,
    )


def _text(given: JsonObject, field: str) -> str:
    value = given.get(field)
    if value is not None and not isinstance(value, str):
        raise InvalidParam(f"{field}: must be text.", param=field)
    return value or ""


def _word(given: JsonObject, field: str, where: str) -> str:
    value = given.get(field)
    if value is not None and (not isinstance(value, str) or len(value) > _LONGEST_WORD):
        raise InvalidParam(f"{where}: must be one word.", param=where)
    return value or ""
