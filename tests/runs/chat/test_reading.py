"""What bodies ask for, in either protocol."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.shapes import Budget, Category
from runs.chat.anthropic_reading import read_messages
from runs.chat.names import ModelUnknown, read_name
from runs.chat.reading import read_chat
from runs.chat.shapes import Automatic, ByMode, ByName, ByPolicy, Wish
from runs.chat.texts import name_of, needs_of, task_of, transcript_of
from runs.shapes import Mode
from smartspawn.lib.errors import BadInput

HELLO = [{"role": "user", "content": "hello"}]


def chat(**fields: Any) -> Any:
    return read_chat({"model": "auto", "messages": HELLO, **fields}, {})


def messages(*said: Any, **fields: Any) -> Any:
    return read_messages({"model": "auto", "max_tokens": 10, "messages": list(said), **fields}, {})


@pytest.mark.parametrize(
    ("name", "wish"),
    [
        ("auto", Automatic()),
        ("auto:coding", Automatic(Category.CODING)),
        ("auto:low", Automatic(None, Budget.LOW)),
        ("auto:fast-cheap:any", Automatic(Category.FAST_CHEAP, Budget.ANY)),
        ("policy:top", ByPolicy("top")),
        ("collective", ByMode(Mode.COLLECTIVE)),
        ("swarm:high", ByMode(Mode.SWARM, Budget.HIGH)),
        ("openrouter/openai/gpt-5", ByName("openrouter/openai/gpt-5")),
        ("deepseek/blind:free", ByName("deepseek/blind:free")),
        ("single", ByName("single")),
    ],
)
def test_a_name_says_what_is_wished_for(name: str, wish: Wish) -> None:
    assert read_name(name) == wish


@pytest.mark.parametrize("name", ["auto:cooking", "auto:low:coding", "auto:coding:low:x", "cascade:cheap", "auto::"])
def test_a_name_that_says_nothing_is_answered_with_the_form(name: str) -> None:
    with pytest.raises(ModelUnknown, match="The form is"):
        read_name(name)


def test_what_is_meant_for_us_is_not_handed_on_and_what_is_not_known_is() -> None:
    own = {"simulate": True, "session": "s1", "budget": "low"}
    asked = chat(smartspawn=own, seed=7, stop=["x"], stream=True, stream_options={"include_usage": True}, n=1)
    assert (asked.is_simulated, asked.session, asked.budget) == (True, "s1", Budget.LOW)
    assert asked.extra == {"seed": 7, "stop": ["x"]}
    assert (asked.is_streaming, asked.tells_usage) == (True, True)


def test_headers_say_the_same_and_the_field_counts_before_them() -> None:
    headers = {"X-Smartspawn-Session": "of the header", "X-Smartspawn-Simulate": "true"}
    body = {"model": "auto", "messages": HELLO}
    assert read_chat(body, headers).session == "of the header"
    assert read_chat(body, headers).is_simulated
    assert read_chat({**body, "smartspawn": {"session": "own", "simulate": False}}, headers).session == "own"
    assert not read_chat({**body, "smartspawn": {"simulate": False}}, headers).is_simulated


def test_the_newer_limit_counts_before_the_older_and_neither_is_handed_on() -> None:
    asked = chat(max_tokens=50, max_completion_tokens=70)
    assert asked.max_output_tokens == 70
    assert asked.extra == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"model": ""},
        {"model": 7},
        {"messages": []},
        {"messages": "hello"},
        {"messages": [{"role": "wizard", "content": "x"}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "user", "content": ["text"]}]},
        {"max_tokens": 0},
        {"max_tokens": True},
        {"max_tokens": 10**9},
        {"temperature": "hot"},
        {"temperature": 2.5},
        {"temperature": float("nan")},
        {"stream": "yes"},
        {"n": 0},
        {"n": 17},
        {"n": "2"},
        {"models": ["acme/dear"]},  # would get round what is allowed
        {"logprobs": "yes"},
        {"top_logprobs": 3},  # says nothing without the other
        {"tools": ["x"]},
        {"response_format": "json"},
        {"smartspawn": "x"},
        {"smartspawn": {"budget": "huge"}},
        {"smartspawn": {"simulate": "yes"}},
        {"smartspawn": {"session": "x" * 201}},
    ],
)
def test_what_cannot_be_used_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        chat(**fields)


@pytest.mark.parametrize("body", [None, [], "x", 7])
def test_a_body_is_an_object(body: object) -> None:
    with pytest.raises(BadInput):
        read_chat(body, {})


def test_a_short_message_is_understood_with_those_before_it() -> None:
    long = "Write a Python function that reverses a linked list in place, with tests"
    said = [
        {"role": "user", "content": long},
        {"role": "assistant", "content": "def ..."},
        {"role": "user", "content": "yes"},
    ]
    assert task_of(said) == f"{long}\nyes"
    assert task_of([*said, {"role": "user", "content": long.upper()}]) == long.upper()


def test_needs_are_seen_in_pictures_tools_and_their_results() -> None:
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}
    assert needs_of([picture], has_tools=False) == ("vision",)
    assert needs_of(HELLO, has_tools=True) == ("functionCalling",)
    assert needs_of([{"role": "tool", "content": "x"}], has_tools=False) == ("functionCalling",)
    assert needs_of(HELLO, has_tools=False) == ()


def test_a_conversation_without_a_name_is_known_by_how_it_began() -> None:
    later = [*HELLO, {"role": "assistant", "content": "hi"}, {"role": "user", "content": "more"}]
    assert name_of(HELLO) == name_of(later)
    assert name_of(HELLO) != name_of([{"role": "system", "content": "Be brief."}, *HELLO])
    assert transcript_of(later) == "user: hello\n\nassistant: hi"


def test_a_mark_for_the_cache_that_moves_on_leaves_a_conversation_its_name() -> None:
    part = {"type": "text", "text": "hello"}
    marked = [{"role": "user", "content": [{**part, "cache_control": {"type": "ephemeral"}}]}]
    assert name_of(marked) == name_of([{"role": "user", "content": [part]}])
    assert name_of(marked) != name_of([{"role": "user", "content": [{**part, "text": "goodbye"}]}])


def test_anthropics_messages_become_openais() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "a cat"}, picture]}
    asked = messages(
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, use]},
        {"role": "user", "content": [result, {"type": "text", "text": "and?"}]},
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        stop_sequences=["END"],
        tools=[{"name": "look", "input_schema": {"type": "object"}}],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        metadata={"user_id": "x"},
    )
    address = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    assert asked.messages == (
        {
            "role": "system",
            "content": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        },
        {"role": "user", "content": "look"},
        {
            "role": "assistant",
            "content": None,
            "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}],
            "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "a cat"},
        {"role": "user", "content": [address, {"type": "text", "text": "and?"}]},
    )
    assert asked.tools[0]["function"] == {"name": "look", "parameters": {"type": "object"}}
    assert (asked.tool_choice, asked.extra) == ("required", {"stop": ["END"], "parallel_tool_calls": False})


def test_words_of_the_system_within_a_talk_stand_above_it_or_come_as_reminders() -> None:
    """As Claude Code sends them: a list of helpers after the first message, news after the result of a tool."""
    mark = {"cache_control": {"type": "ephemeral", "scope": "global"}}
    billing = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cc_entrypoint=cli;"}
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    begun = ({"role": "user", "content": "fix it"}, {"role": "system", "content": "There are helpers."})
    asked = messages(
        *begun,
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "ok", **mark}]},
        {"role": "system", "content": [{"type": "text", "text": "A file has changed."}]},
        system=[billing, {"type": "text", "text": "Be brief.", **mark}],
    )
    kept = {"cache_control": {"type": "ephemeral"}}
    assert [message["role"] for message in asked.messages] == ["system", "system", "user", "assistant", "tool", "user"]
    assert asked.messages[0]["content"] == [{"type": "text", "text": "Be brief.", **kept}]
    assert asked.messages[1]["content"] == "There are helpers."
    assert asked.messages[4]["content"] == [{"type": "text", "text": "ok", **kept}]
    reminder = "<system-reminder>\nA file has changed.\n</system-reminder>"
    assert asked.messages[5]["content"] == [{"type": "text", "text": reminder}]
    assert task_of(asked.messages) == "fix it"
    first = messages(
        *begun, system=[{**billing, "text": billing["text"] + " more"}, {"type": "text", "text": "Be brief."}]
    )
    assert name_of(first.messages) == name_of(asked.messages)  # one conversation


@pytest.mark.parametrize(
    "user", ['{"device_id": "d", "session_id": "%s"}', "user_0a_account__session_%s"], ids=["as now", "as before"]
)
def test_a_talk_that_claude_code_takes_up_again_keeps_its_name(user: str) -> None:
    """Its session stays; what it says above and beside the user's words is told anew each time."""
    session, other = "da8700c5-c79c-450a-b269-b7aa669652f2", "0c9e4f4b-5d0c-4a58-8d0a-d0a5a3a0a8f1"

    def named(day: str, state: str, words: str = "fix it", session: str = session) -> str:
        aside = {"type": "text", "text": f"<system-reminder>\nToday is {day}.\n</system-reminder>"}
        begun = {"role": "user", "content": [aside, {"type": "text", "text": words}]}
        return str(messages(begun, system=f"Help. {state}", metadata={"user_id": user % session}).session)

    name = named("Sunday", "Nothing is changed.")
    assert name == named("Monday", "One file is changed.")
    assert name != named("Sunday", "Nothing is changed.", words="test it")  # a helper of the same session
    assert name != named("Sunday", "Nothing is changed.", session=other)
    assert messages(*HELLO, metadata={"user_id": "ann"}).session == ""


def test_a_talk_is_known_by_the_first_words_that_are_the_users_own() -> None:
    aside = {"role": "user", "content": "<environment_context>The folder is /a.</environment_context>"}
    moved = {"role": "user", "content": "<environment_context>The folder is /b.</environment_context>"}
    assert name_of([aside, *HELLO]) == name_of([moved, *HELLO])
    assert name_of([aside, *HELLO]) != name_of([aside, {"role": "user", "content": "goodbye"}])
    assert name_of([aside]) != name_of([moved])  # where nothing else was said


def test_a_system_that_says_nothing_to_the_model_leaves_no_empty_message() -> None:
    billing = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2"}
    assert [message["role"] for message in messages(*HELLO, system=[billing]).messages] == ["user"]
    empty = messages(*HELLO, {"role": "assistant", "content": "hi"}, *HELLO, {"role": "system", "content": []})
    assert [message["role"] for message in empty.messages] == ["user", "assistant", "user"]


def test_what_programs_say_on_the_users_side_is_no_task() -> None:
    aside = {
        "type": "text",
        "text": "<system-reminder>\nToday is Sunday. The project is written in Rust.\n</system-reminder>",
    }
    said = [{"role": "user", "content": [aside, {"type": "text", "text": "Write a poem."}]}]
    assert task_of(said) == "Write a poem."
    rules = "# AGENTS.md instructions for /home/me\n\n<INSTRUCTIONS>\nUse Rust.\n</INSTRUCTIONS>"
    where = "<environment_context>\n<cwd>/home/me</cwd>\n</environment_context>"
    told = [{"type": "text", "text": rules}, {"type": "text", "text": where}]
    assert task_of([{"role": "user", "content": told}, *said]) == "Write a poem."
    own = "<INSTRUCTIONS>Write a poem.</INSTRUCTIONS>"
    assert task_of([{"role": "user", "content": own}]) == own


def test_the_form_of_an_answer_is_asked_for_as_openai_does() -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
    assert messages(*HELLO, output_config={"effort": "low", "format": form}).response_format == wanted
    assert messages(*HELLO, output_format=form).response_format == wanted
    assert messages(*HELLO, output_config={"effort": "low"}).response_format is None


@pytest.mark.parametrize(
    "fields",
    [
        {"max_tokens": None},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [*HELLO, {"role": "system", "content": 7}]},
        {"messages": [{"role": "user", "content": [{"type": "search_result"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"system": 7},
        {"stop_sequences": "END"},
    ],
)
def test_what_of_anthropics_cannot_be_handed_on_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        read_messages({"model": "auto", "max_tokens": 10, "messages": HELLO, **fields}, {})
