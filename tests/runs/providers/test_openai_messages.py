"""OpenAI's messages in the words of the other two: turns, pictures, tools and what they answered."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from runs.providers import anthropic_messages, gemini_generate
from runs.providers.faults import CallFailed, FaultCode
from runs.shapes import FaultAction
from tests.runs.providers.asking import SECRET, body_of, endpoint, request

PICTURE = base64.b64encode(b"a picture").decode()
DATA_URL = f"data:image/png;base64,{PICTURE}"
ANTHROPIC = endpoint("anthropic", "claude-sonnet-4-5")
GEMINI = endpoint("gemini", "gemini-2.5-flash")

CALLED = {
    "role": "assistant",
    "content": "Let me look.",
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}},
        {"id": "c2", "type": "function", "function": {"name": "time", "arguments": ""}},
    ],
}
TALK = (
    {"role": "system", "content": "Be brief."},
    {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
    {"role": "user", "content": "What is it like in Paris?"},
    CALLED,
    {"role": "tool", "tool_call_id": "c1", "content": '{"celsius": 21}'},
    {"role": "tool", "tool_call_id": "c2", "content": "noon"},
    {"role": "user", "content": "And?"},
)


def test_a_talk_with_tools_in_anthropics_words() -> None:
    body = body_of(ANTHROPIC, request(*TALK))
    assert body["system"] == [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "What is it like in Paris?"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Paris"}},
                {"type": "tool_use", "id": "c2", "name": "time", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": '{"celsius": 21}'},
                {"type": "tool_result", "tool_use_id": "c2", "content": "noon"},
                {"type": "text", "text": "And?"},
            ],
        },
    ]


def test_a_talk_with_tools_in_geminis_words() -> None:
    body = body_of(GEMINI, request(*TALK))
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]}
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "What is it like in Paris?"}]},
        {
            "role": "model",
            "parts": [
                {"text": "Let me look."},
                {"functionCall": {"name": "weather", "args": {"city": "Paris"}}},
                {"functionCall": {"name": "time", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "weather", "response": {"celsius": 21}}},
                {"functionResponse": {"name": "time", "response": {"result": "noon"}}},
                {"text": "And?"},
            ],
        },
    ]


def shown(*parts: dict[str, Any]) -> Any:
    return request({"role": "user", "content": list(parts)})


def test_pictures_go_along() -> None:
    text = {"type": "text", "text": "What is this?"}
    near = {"type": "image_url", "image_url": {"url": DATA_URL}}
    far = {"type": "image_url", "image_url": {"url": "https://a.test/b.webp?x=1"}}
    asked = shown(text, near, far)
    assert body_of(ANTHROPIC, asked)["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}},
        {"type": "image", "source": {"type": "url", "url": "https://a.test/b.webp?x=1"}},
    ]
    assert body_of(GEMINI, asked)["contents"][0]["parts"] == [
        {"text": "What is this?"},
        {"inlineData": {"mimeType": "image/png", "data": PICTURE}},
        {"fileData": {"fileUri": "https://a.test/b.webp?x=1", "mimeType": "image/webp"}},
    ]
    assert body_of(endpoint(), asked)["messages"][0]["content"] == [text, near, far]


def test_documents_go_along_and_sounds_only_where_they_are_understood() -> None:
    paper = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PICTURE}"}}
    assert body_of(ANTHROPIC, shown(paper))["messages"][0]["content"][0]["type"] == "document"
    sound = {"type": "input_audio", "input_audio": {"data": PICTURE, "format": "wav"}}
    inline = {"inlineData": {"mimeType": "audio/wav", "data": PICTURE}}
    assert body_of(GEMINI, shown(sound))["contents"][0]["parts"] == [inline]
    with pytest.raises(CallFailed):
        body_of(ANTHROPIC, shown(sound))


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "image_url", "image_url": {"url": ""}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "video_url", "video_url": {"url": "https://a.test/b.mp4"}},
    ],
)
def test_what_cannot_be_said_is_refused_and_another_place_may_be_asked(part: dict[str, Any]) -> None:
    for place in (ANTHROPIC, GEMINI):
        with pytest.raises(CallFailed) as failed:
            body_of(place, shown(part))
        assert failed.value.fault.code is FaultCode.BAD_REQUEST
        assert failed.value.fault.action is FaultAction.NEXT_ENDPOINT
        assert not failed.value.may_be_billed


def test_a_mark_for_the_cache_is_kept() -> None:
    part = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
    found = {"role": "tool", "tool_call_id": "c1", "content": [part]}
    talk = ({"role": "system", "content": [part]}, {"role": "user", "content": "x"}, CALLED, found)
    body = body_of(ANTHROPIC, request(*talk))
    assert body["system"] == [part]
    outcome = {"type": "tool_result", "tool_use_id": "c1", "content": "Long.", "cache_control": {"type": "ephemeral"}}
    assert body["messages"][-1]["content"] == [outcome]
    assert body_of(endpoint("openrouter", "x/y"), request(*talk))["messages"] == list(talk)


@pytest.mark.parametrize("provider", ["openai", "mistral", "groq", "deepseek", "xai", "together", "gemini-compatible"])
def test_a_mark_for_the_cache_is_left_out_where_it_would_be_refused(provider: str) -> None:
    part = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
    asked = {"role": "user", "content": "x"}
    body = body_of(endpoint(provider, "some-model"), request({"role": "system", "content": [part]}, asked))
    assert body["messages"] == [{"role": "system", "content": [{"type": "text", "text": "Long."}]}, asked]


def test_empty_messages_leave_no_turn_behind() -> None:
    talk = ({"role": "user", "content": "a"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "b"})
    assert [turn["role"] for turn in body_of(ANTHROPIC, request(*talk))["messages"]] == ["user", "user"]


def test_a_tool_call_that_was_made_by_gemini_goes_back_with_its_signature() -> None:
    part = {"functionCall": {"name": "weather", "args": {"city": "Paris"}}, "thoughtSignature": "sig-1"}
    answer = {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}
    result = gemini_generate.read_whole(json.dumps(answer).encode(), request())
    (call,) = result.tool_calls
    assert call["function"] == {"name": "weather", "arguments": '{"city": "Paris"}'}
    again = request(
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": None, "tool_calls": list(result.tool_calls)},
        {"role": "tool", "tool_call_id": call["id"], "content": "21"},
    )
    contents = body_of(GEMINI, again)["contents"]
    assert contents[1]["parts"] == [part]
    assert contents[2]["parts"] == [{"functionResponse": {"name": "weather", "response": {"result": "21"}}}]


def test_a_tool_call_that_was_made_by_anthropic_goes_back_as_it_came() -> None:
    block = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Zürich"}}
    answer = {"content": [block], "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1}}
    result = anthropic_messages.read_whole(json.dumps(answer).encode(), request())
    assert result.finish_reason == "tool_calls"
    again = request({"role": "assistant", "content": None, "tool_calls": list(result.tool_calls)})
    assert body_of(ANTHROPIC, again)["messages"] == [{"role": "assistant", "content": [block]}]


def test_keys_travel_in_headers_and_never_in_an_address() -> None:
    for place, header in ((ANTHROPIC, "x-api-key"), (GEMINI, "x-goog-api-key")):
        module = anthropic_messages if place is ANTHROPIC else gemini_generate
        for is_streaming in (False, True):
            wire = module.build(place, request(idempotency_key="k-1"), SECRET, is_streaming=is_streaming)
            assert wire.headers[header] == SECRET
            assert SECRET not in wire.url
            assert SECRET not in repr(wire)
            assert wire.headers["Idempotency-Key"] == "k-1"
