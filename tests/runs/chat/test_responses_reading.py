"""What bodies of the Responses protocol ask for, in the words that every provider here knows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog.shapes import Budget, Category
from runs.chat.names import ModelUnknown
from runs.chat.responses_input import seal
from runs.chat.responses_reading import NothingKept, read_responses
from runs.chat.responses_tools import wire_name
from runs.chat.shapes import Automatic, ByMode, ChatAsk, ClientTool, Face, ToolKind
from runs.shapes import Mode
from smartspawn.lib.errors import BadInput

LOOK = {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}
PATCH = {
    "type": "custom",
    "name": "patch",
    "description": "Edits files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: line+"},
}
SEARCH = {"type": "tool_search", "execution": "client", "description": "Finds tools.", "parameters": {"type": "object"}}
HOUSE = {"type": "namespace", "name": "mcp__house", "tools": [LOOK, PATCH]}


def ask(given: Any = "hello", **fields: Any) -> ChatAsk:
    return read_responses({"model": "auto", "input": given, **fields}, {})


def said(role: str, *words: str, kind: str = "input_text") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": word} for word in words]}


def call(call_id: str, name: str = "look", arguments: str = "{}", **more: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments, **more}


def output(call_id: str, told: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": told}


def wire_call(call_id: str, name: str = "look", arguments: str = "{}") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


# --- the conversation ----------------------------------------------------------------------


def test_a_text_is_a_message_of_the_user() -> None:
    asked = ask("hello", model="auto:coding:low", max_output_tokens=50, temperature=0.5, top_p=0.9)
    assert asked.messages == ({"role": "user", "content": "hello"},)
    assert asked.wish == Automatic(Category.CODING, Budget.LOW)
    assert (asked.max_output_tokens, asked.temperature, asked.extra) == (50, 0.5, {"top_p": 0.9})
    assert asked.face is Face.RESPONSES
    assert ask(model="cascade").wish == ByMode(Mode.CASCADE)


def test_what_stands_above_is_one_message_of_the_system() -> None:
    above = [said("developer", "You code."), said("system", "Be brief."), said("user", "hi")]
    asked = ask([*above, said("developer", "Now slowly.")], instructions="Mind the house.")
    assert asked.messages == (
        {"role": "system", "content": "Mind the house.\n\nYou code.\n\nBe brief."},
        {"role": "user", "content": "hi"},
        {"role": "system", "content": "Now slowly."},
    )


def test_a_message_of_the_model_holds_its_calls_and_their_outcomes_follow_it_directly() -> None:
    asked = ask(
        [
            {"role": "user", "content": "look twice"},
            {"type": "reasoning", "summary": [], "encrypted_content": "gAAA of somebody else"},
            said("assistant", "I ", "look.", kind="output_text"),
            call("c1", arguments='{"at": 1}'),
            call("c2"),
            output("c1", "a cat"),
            said("user", "hurry"),
            output("c2", [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "dog"}]),
            call("c3"),
            output("c3", ""),
            call("c1"),
            output("c1", "x"),
        ]
    )
    assert asked.messages == (
        {"role": "user", "content": "look twice"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [wire_call("c1", arguments='{"at": 1}'), wire_call("c2")],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        {"role": "tool", "tool_call_id": "c2", "content": "a\ndog"},
        {"role": "user", "content": "hurry"},
        {"role": "assistant", "content": None, "tool_calls": [wire_call("c3")]},
        {"role": "tool", "tool_call_id": "c3", "content": ""},
        {"role": "assistant", "content": None, "tool_calls": [wire_call("c1")]},  # some count anew each time
        {"role": "tool", "tool_call_id": "c1", "content": "x"},
    )


def test_pictures_and_files_are_handed_on_and_those_that_a_tool_gave_follow_as_the_users() -> None:
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "auto"}
    paper = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}
    asked = ask([{"role": "user", "content": [picture, paper]}, call("c1"), output("c1", [picture])])
    told = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    file = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}}
    assert asked.messages[0] == {"role": "user", "content": [told, file]}
    assert asked.messages[2:] == (
        {"role": "tool", "tool_call_id": "c1", "content": ""},
        {"role": "user", "content": [told]},
    )


def test_what_says_nothing_is_passed_over_and_what_one_agent_tells_another_is_not() -> None:
    task = [{"type": "input_text", "text": "Task:"}, {"type": "encrypted_content", "encrypted_content": "count"}]
    asked = ask(
        [
            {"type": "configuration_update", "reasoning": {}},
            {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            {"role": "user", "content": []},
            {"type": "agent_message", "author": "/root", "recipient": "/root/one", "content": task},
        ]
    )
    assert asked.messages == ({"role": "user", "content": "Task:\n\ncount"},)


def test_what_a_provider_wants_back_with_a_call_comes_back_with_it() -> None:
    proof = {"google": {"thought_signature": "abc"}}
    item = {"type": "reasoning", "summary": [], "encrypted_content": seal("c1", proof)}
    asked = ask(
        [{"role": "user", "content": "look"}, item, call("c1"), call("c2"), output("c1", "x"), output("c2", "y")]
    )
    first, second = asked.messages[1]["tool_calls"]  # type: ignore[misc]  # a list, as was just read
    assert first == {**wire_call("c1"), "extra_content": proof}
    assert second == wire_call("c2")


@pytest.mark.parametrize("sealed", ["ss1.", "ss1.%%", "ss1.AAAA", "ss1.eyJhIjoxfQ==", 7])
def test_a_seal_that_is_none_of_ours_is_passed_over(sealed: Any) -> None:
    asked = ask([{"type": "reasoning", "encrypted_content": sealed}, {"role": "user", "content": "x"}])
    assert asked.messages == ({"role": "user", "content": "x"},)


# --- tools ---------------------------------------------------------------------------------


def test_tools_of_every_kind_that_a_client_runs_become_functions() -> None:
    asked = ask(tools=[{**LOOK, "strict": True}, PATCH, SEARCH, HOUSE])
    functions = {tool["function"]["name"]: tool["function"] for tool in asked.tools}  # type: ignore[index]  # as written
    assert list(functions) == ["look", "patch", "tool_search", "mcp__house__look", "mcp__house__patch"]
    assert functions["look"] == {"name": "look", "parameters": {"type": "object"}, "strict": True}
    assert functions["mcp__house__look"] == {"name": "mcp__house__look", "parameters": {"type": "object"}}
    assert list(functions["patch"]["parameters"]["properties"]) == ["input"]
    assert "start: line+" in functions["patch"]["description"]
    assert asked.responses.client_tools == {
        "look": ClientTool(ToolKind.FUNCTION, "look"),
        "patch": ClientTool(ToolKind.CUSTOM, "patch"),
        "tool_search": ClientTool(ToolKind.TOOL_SEARCH, "tool_search"),
        "mcp__house__look": ClientTool(ToolKind.FUNCTION, "look", "mcp__house"),
        "mcp__house__patch": ClientTool(ToolKind.CUSTOM, "patch", "mcp__house"),
    }


def test_calls_of_every_kind_are_read_as_the_model_made_them() -> None:
    asked = ask(
        [
            call("c1", namespace="mcp__house"),
            {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": 'a "b"'},
            {"type": "tool_search_call", "call_id": "c3", "execution": "client", "arguments": {"query": "cat"}},
            output("c1", "x"),
            {"type": "custom_tool_call_output", "call_id": "c2", "output": "y"},
            {"type": "tool_search_output", "call_id": "c3", "tools": [HOUSE]},
        ],
        tools=[SEARCH],
    )
    calls = asked.messages[0]["tool_calls"]
    assert [(item["function"]["name"], item["function"]["arguments"]) for item in calls] == [  # type: ignore[attr-defined]
        ("mcp__house__look", "{}"),
        ("patch", json.dumps({"input": 'a "b"'})),
        ("tool_search", '{"query": "cat"}'),
    ]
    assert "- mcp__house__look" in str(asked.messages[3]["content"])
    assert set(asked.responses.client_tools) == {"tool_search", "mcp__house__look", "mcp__house__patch"}


def test_tools_that_the_conversation_brings_along_count_as_offered_and_once() -> None:
    brought = {"type": "additional_tools", "role": "developer", "tools": [HOUSE]}
    asked = ask([brought, brought, {"role": "user", "content": "x"}])
    assert len(asked.tools) == 2
    assert len(asked.messages) == 1


def test_a_name_that_no_provider_takes_is_replaced_by_one_that_stays_the_same() -> None:
    names = [
        wire_name("b.dot"),
        wire_name("b_dot"),
        wire_name("x" * 70),
        wire_name("x" * 71),
        wire_name("n" * 60, "h" * 9),
    ]
    assert len(set(names)) == 5
    assert all(len(name) <= 64 and name.replace("_", "").isalnum() for name in names)
    asked = ask([call("c1", "b.dot"), output("c1", "x")], tools=[{**LOOK, "name": "b.dot"}])
    assert asked.messages[0]["tool_calls"] == [wire_call("c1", names[0])]
    assert asked.responses.client_tools[names[0]].name == "b.dot"


def test_what_openais_servers_would_run_is_left_out_and_said_where_an_answer_can_do_without() -> None:
    asked = ask(
        tools=[{"type": "web_search", "external_web_access": False}, {"type": "web_search_preview_2025_03_11"}, LOOK]
    )
    assert len(asked.tools) == 1
    assert [reason.partition(":")[0] for reason in asked.responses.left_out] == [
        "web_search",
        "web_search_preview_2025_03_11",
    ]
    assert asked.responses.repeated["tools"] == (LOOK,)


@pytest.mark.parametrize(
    "kind", ["file_search", "computer_use_preview", "code_interpreter", "mcp", "local_shell", "shell"]
)
def test_what_openais_servers_would_run_is_refused_where_an_answer_would_rest_on_it(kind: str) -> None:
    with pytest.raises(BadInput, match="cannot be handed on"):
        ask(tools=[{"type": kind}])


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("required", "required"),
        ({"type": "function", "name": "look"}, "look"),
        ({"type": "custom", "name": "patch"}, "patch"),
        ({"type": "function", "name": "look", "namespace": "mcp__house"}, "mcp__house__look"),
    ],
)
def test_a_choice_of_tools_is_handed_on(given: Any, meant: str) -> None:
    named = {"type": "function", "function": {"name": meant}}
    assert ask(tools=[LOOK, PATCH, HOUSE], tool_choice=given).tool_choice == (meant if given == meant else named)


def test_a_choice_may_allow_some_of_them_alone() -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "patch"}]}
    asked = ask(tools=[LOOK, PATCH], tool_choice=allowed)
    assert (asked.tool_choice, len(asked.tools)) == ("required", 1)
    assert asked.tools[0]["function"]["name"] == "patch"  # type: ignore[index]  # as above


# --- the rest ------------------------------------------------------------------------------


def test_the_form_of_an_answer_and_how_hard_to_think_are_handed_on() -> None:
    form = {"type": "json_schema", "name": "city", "schema": {"type": "object"}, "strict": True}
    asked = ask(
        text={"format": form, "verbosity": "low"},
        reasoning={"effort": "high", "summary": "auto"},
        parallel_tool_calls=False,
        include=["message.output_text.logprobs"],
        top_logprobs=2,
    )
    plain = {"name": "city", "schema": {"type": "object"}, "strict": True}
    assert asked.response_format == {"type": "json_schema", "json_schema": plain}
    assert asked.extra == {
        "reasoning_effort": "high",
        "verbosity": "low",
        "parallel_tool_calls": False,
        "logprobs": True,
        "top_logprobs": 2,
    }
    assert asked.responses.wants_summary
    assert ask(text={"format": {"type": "text"}}, parallel_tool_calls=True).extra == {}
    assert ask(text={"format": {"type": "text"}}).response_format is None


def test_what_is_meant_for_openai_alone_is_passed_over_and_said_again_where_answers_do() -> None:
    asked = ask(store=True, metadata={"a": "b"}, include=["reasoning.encrypted_content"], user="u", truncation="auto")
    assert asked.extra == {}
    assert (asked.responses.repeated["metadata"], asked.responses.repeated["user"]) == ({"a": "b"}, "u")


def test_a_conversation_is_known_by_its_key_and_how_it_began() -> None:
    def name(first: str, key: str, *more: Any) -> str:
        return ask([said("user", first), *more], prompt_cache_key=key).session

    assert name("a", "k") == name("a", "k", said("assistant", "b"), said("developer", "c"), said("user", "d"))
    assert len({name("a", "k"), name("b", "k"), name("a", "l")}) == 3
    assert ask(prompt_cache_key="k", smartspawn={"session": "own"}).session == "own"
    assert ask().session == ""  # then it is known by how it began, as everywhere


def test_what_would_have_to_be_kept_is_refused_with_what_to_do() -> None:
    with pytest.raises(NothingKept, match="Send the whole conversation") as refused:
        ask(previous_response_id="resp_1")
    assert refused.value.details == {"param": "previous_response_id"}
    assert ask(previous_response_id=None, conversation=None, background=False).messages


@pytest.mark.parametrize(
    "fields",
    [
        {"input": None},
        {"input": []},
        {"input": 7},
        {"input": ["x"]},
        {"input": [{"type": "reasoning"}]},
        {"input": [{"role": "tool", "content": "x"}]},
        {"input": [{"role": "user", "content": 7}]},
        {"input": [{"role": "user", "content": [{"type": "video"}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "https://x/y.pdf"}]}]},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"type": "compaction", "encrypted_content": "x"}]},
        {"input": [call("c1")]},
        {"input": [output("c1", "x")]},
        {"input": [call("c1"), call("c1"), output("c1", "x")]},
        {"input": [call("")]},
        {"conversation": "conv_1"},
        {"prompt": {"id": "pmpt_1"}},
        {"background": True},
        {"instructions": ["x"]},
        {"tools": [{"type": "function"}]},
        {"tools": [{"type": "namespace", "name": "x", "tools": [{"type": "namespace", "name": "y"}]}]},
        {"tools": [LOOK, {**PATCH, "name": "look"}]},
        {"tools": "look"},
        {"tool_choice": "some"},
        {"tool_choice": {"type": "function", "name": "look"}},
        {"tool_choice": {"type": "web_search"}},
        {"tools": [LOOK], "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": []}},
        {"text": {"format": {"type": "yaml"}}},
        {"text": {"format": {"type": "json_schema"}}},
        {"text": "plain"},
        {"reasoning": {"effort": 7}},
        {"max_output_tokens": 0},
        {"temperature": 3},
        {"top_logprobs": 40},
        {"parallel_tool_calls": "no"},
        {"stream": "yes"},
        {"metadata": "x"},
        {"prompt_cache_key": 7},
    ],
)
def test_what_cannot_be_handed_on_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refused:
        read_responses({"model": "auto", "input": "hello", **fields}, {})
    assert refused.value.details.get("param")


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ({"type": "input_image", "image_url": {"url": "data:image/png;base64,AA"}}, "image_url: a text"),
        ({"type": "input_file", "file_url": "https://x/y.pdf"}, "file_data: a data URL"),
    ],
)
def test_who_sends_what_is_not_fetched_is_told_the_field_to_send(part: dict[str, Any], wanted: str) -> None:
    with pytest.raises(BadInput, match=wanted):
        ask(input=[{"role": "user", "content": [part]}])


def test_a_name_that_says_nothing_is_refused_as_everywhere() -> None:
    with pytest.raises(ModelUnknown):
        ask(model="auto:cooking")
