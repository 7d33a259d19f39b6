"""The two makers' own packages as clients of a running site, whose models the provider simulator serves."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import anthropic
import httpx2
import openai
import pytest

from tests.runs.chat.served import FAILING, Served, served_site
from tests.site import wait_until

pytestmark = pytest.mark.faults

TASK = "Write a Python function that reverses a linked list, and its tests"
TOOL = {"name": "look_up", "description": "Looks a word up", "parameters": {"type": "object", "properties": {}}}
PICTURE = base64.b64encode(b"\x89PNG" + bytes(3_000_000)).decode()  # beyond what other addresses take


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    environment = {"SMARTSPAWN_RATE_LIMIT": "off"}
    home = tmp_path_factory.mktemp("chat")
    with served_site(home, environment=environment, latency="100ms", piece_delay="300ms", pieces=12) as running:
        yield running


@pytest.fixture(scope="module")
def gpt(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served.url, api_key=served.token, max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def claude(served: Served) -> Iterator[anthropic.Anthropic]:
    address = served.site.address
    with anthropic.Anthropic(base_url=address, api_key=served.token, max_retries=0, timeout=60) as client:
        yield client


def ask(words: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": words}]


# --- OpenAI --------------------------------------------------------------------------------


def test_auto_answers_and_says_who_and_why(served: Served, gpt: openai.OpenAI) -> None:
    raw = gpt.chat.completions.with_raw_response.create(model="auto:coding", messages=ask(TASK))
    answer, headers = raw.parse(), raw.headers
    own = answer.smartspawn  # type: ignore[attr-defined]  # ours, beyond the protocol
    assert "[simulated]" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == headers["x-smartspawn-model"] == own["model"]
    assert answer.model in served.models
    assert "leads" in headers["x-smartspawn-reason"]
    assert len(headers["x-smartspawn-decision-id"]) == 36
    assert float(headers["x-smartspawn-cost-usd"]) == float(own["cost_usd"]) > 0
    assert headers["x-smartspawn-cache"] == "none"
    # half a dollar and one and a half for a million tokens
    usage = answer.usage
    assert float(own["cost_usd"]) == pytest.approx((usage.prompt_tokens * 0.5 + usage.completion_tokens * 1.5) / 1e6)


def test_a_stream_comes_in_pieces_with_usage_and_the_same_told_at_its_end(gpt: openai.OpenAI) -> None:
    stream = gpt.chat.completions.create(
        model="auto:coding", messages=ask(TASK), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.startswith("[simulated]")
    assert len(chunks) > 10
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    last = chunks[-1]
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens
    assert last.usage.completion_tokens == 50
    own = last.smartspawn  # type: ignore[attr-defined]  # as above
    assert own["model"] == last.model
    assert float(own["cost_usd"]) > 0


def test_several_answers_come_at_once_and_the_cost_is_that_of_all(served: Served, gpt: openai.OpenAI) -> None:
    served.empty_bill()
    answer = gpt.chat.completions.create(model="auto:coding", messages=ask(TASK), n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert all("[simulated]" in choice.message.content for choice in answer.choices)
    usage, own = answer.usage, answer.smartspawn  # type: ignore[attr-defined]  # as above
    assert usage.completion_tokens == 3 * 50
    assert float(own["cost_usd"]) == pytest.approx((usage.prompt_tokens * 0.5 + usage.completion_tokens * 1.5) / 1e6)
    wait_until(lambda: served.money()["open"] == 0, within_s=10, what="every answer's call is settled")


def test_several_answers_are_streamed_each_by_its_number(gpt: openai.OpenAI) -> None:
    texts, endings = {0: "", 1: ""}, {}
    order = []
    for chunk in gpt.chat.completions.create(model="auto:coding", messages=ask(TASK), n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            order.append(choice.index)
            if choice.finish_reason:
                endings[choice.index] = choice.finish_reason
    assert all(text.startswith("[simulated]") for text in texts.values())
    assert endings == {0: "stop", 1: "stop"}
    assert order != sorted(order)  # side by side, not one after the other


def test_tools_and_pictures_are_handed_on(gpt: openai.OpenAI) -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
    ]
    answer = gpt.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": content}],
        tools=[{"type": "function", "function": TOOL}],
        tool_choice={"type": "function", "function": {"name": "look_up"}},
        seed=7,
    )
    (call,) = answer.choices[0].message.tool_calls
    assert call.function.name == "look_up"
    assert answer.choices[0].finish_reason == "tool_calls"


def test_a_conversation_keeps_its_model_and_a_short_answer_its_route(gpt: openai.OpenAI) -> None:
    begun = ask("Prove that there are infinitely many primes")
    first = gpt.chat.completions.create(model="auto", messages=begun)
    said = {"role": "assistant", "content": first.choices[0].message.content}
    again = gpt.chat.completions.create(model="auto", messages=[*begun, said, *ask("yes")])
    assert again.model == first.model
    assert "keeps its model" in again.smartspawn["reason"]  # type: ignore[attr-defined]  # as above
    assert again.smartspawn["decision_id"] == first.smartspawn["decision_id"]  # type: ignore[attr-defined]  # as above


def test_the_names_are_listed_and_one_can_be_asked_for(served: Served, gpt: openai.OpenAI) -> None:
    names = {model.id for model in gpt.models.list()}
    assert {"auto", "auto:coding", "policy:top", "collective", served.models[0], FAILING} <= names
    assert gpt.models.retrieve(served.models[0]).id == served.models[0]
    with pytest.raises(openai.NotFoundError):
        gpt.models.retrieve("acme/none")


def test_a_mode_has_a_run_answer(gpt: openai.OpenAI) -> None:
    raw = gpt.chat.completions.with_raw_response.create(
        model="collective", messages=ask(TASK), extra_body={"smartspawn": {"simulate": True}}
    )
    answer = raw.parse()
    assert "[simulated]" in answer.choices[0].message.content
    assert len(raw.headers["x-smartspawn-run-id"]) == 36
    assert raw.headers["x-smartspawn-simulated"] == "true"


def test_errors_come_as_the_client_knows_them(served: Served, gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        gpt.chat.completions.create(model="acme/none", messages=ask(TASK))
    assert "GET /v1/models" in unknown.value.message
    assert unknown.value.code == "MODEL_NOT_FOUND"
    with pytest.raises(openai.BadRequestError) as bad:
        gpt.chat.completions.create(model="auto", messages=ask(TASK), n=17)
    assert bad.value.param == "n"
    with pytest.raises(openai.BadRequestError, match="gives one answer"):
        gpt.chat.completions.create(model="collective", messages=ask(TASK), n=2)
    with pytest.raises(openai.InternalServerError) as failed:
        gpt.chat.completions.create(model=FAILING, messages=ask(TASK), stream=True)
    assert failed.value.code == "PROVIDER_FAULT"
    stranger = openai.OpenAI(base_url=served.url, api_key="ss_nothing_here", max_retries=0)
    with stranger, pytest.raises(openai.AuthenticationError):
        stranger.models.list()


def test_a_client_that_hangs_up_closes_the_providers_stream_and_pays_for_what_came(
    served: Served, gpt: openai.OpenAI
) -> None:
    served.empty_bill()
    before = served.money()
    stream = gpt.chat.completions.create(model="auto:coding", messages=ask(TASK), stream=True)
    next(iter(stream))
    stream.close()
    left_s = time.monotonic()
    wait_until(lambda: _totals(served)["disconnected"], within_s=2, what="the provider's stream is closed")
    assert time.monotonic() - left_s < 2
    _settled(served, before)


def test_a_client_that_does_not_wait_for_a_whole_answer_ends_the_call_too(served: Served) -> None:
    served.empty_bill()
    before = served.money()
    hasty = openai.OpenAI(base_url=served.url, api_key=served.token, max_retries=0, timeout=1.0)
    with hasty, pytest.raises(openai.APITimeoutError):
        hasty.chat.completions.create(model="auto:coding", messages=ask(TASK))
    wait_until(lambda: _totals(served)["disconnected"], within_s=2, what="the provider's stream is closed")
    _settled(served, before)


def _totals(served: Served) -> dict[str, int]:
    return dict(served.simulation.bill()["totals"])


def _settled(served: Served, before: dict[str, int]) -> None:
    wait_until(lambda: served.money()["open"] == 0, within_s=10, what="nothing stays reserved")
    after = served.money()
    assert after["canceled"] == before.get("canceled", 0) + 1
    assert after.get("uncertain", 0) == before.get("uncertain", 0)


# --- Anthropic -----------------------------------------------------------------------------


def test_messages_answers_an_anthropic_client(served: Served, claude: anthropic.Anthropic) -> None:
    raw = claude.messages.with_raw_response.create(
        model="auto:coding", max_tokens=200, system="Be brief.", messages=ask(TASK), stop_sequences=["END"]
    )
    answer = raw.parse()
    assert answer.content[0].text.startswith("[simulated]")
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens == 50
    assert answer.model == raw.headers["x-smartspawn-model"]
    assert answer.model in served.models


def test_messages_streams_to_an_anthropic_client(claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(model="auto:coding", max_tokens=200, messages=ask(TASK)) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(pieces) > 8
    assert "".join(pieces) == final.content[0].text
    assert final.usage.output_tokens == 50
    assert final.stop_reason == "end_turn"


def test_messages_hands_on_tools_their_results_and_pictures(claude: anthropic.Anthropic) -> None:
    tool = {"name": "look_up", "description": "Looks a word up", "input_schema": TOOL["parameters"]}
    forced = {"type": "tool", "name": "look_up"}
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}
    asked = [{"role": "user", "content": [picture, {"type": "text", "text": "What is this?"}]}]
    with claude.messages.stream(
        model="auto", max_tokens=200, messages=asked, tools=[tool], tool_choice=forced
    ) as stream:
        first = stream.get_final_message()
    (use,) = [block for block in first.content if block.type == "tool_use"]
    assert (use.name, first.stop_reason) == ("look_up", "tool_use")
    result = {"type": "tool_result", "tool_use_id": use.id, "content": [{"type": "text", "text": "a cat"}]}
    told = [*asked, {"role": "assistant", "content": [use.model_dump()]}, {"role": "user", "content": [result]}]
    again = claude.messages.create(model="auto", max_tokens=200, messages=told, tools=[tool])
    assert again.model == first.model


def test_messages_goes_on_with_an_agent_as_claude_code_writes(served: Served, claude: anthropic.Anthropic) -> None:
    """Its fields and its order: words of the system after the user's, a mark for the cache that moves on."""
    mark = {"cache_control": {"type": "ephemeral"}}
    tool = {"name": "Bash", "description": "Runs a command", "input_schema": {"type": "object", "properties": {}}}
    given = {
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: v"},
            {"type": "text", "text": "Help.", **mark},
        ],
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "metadata": {"user_id": "x"},
        "max_tokens": 32_000,
        "tools": [tool],
        "model": "auto",
    }
    first = {"type": "text", "text": TASK}
    helpers = {"role": "system", "content": "There are helpers."}

    def send(*talk: object, **more: object) -> httpx2.Response:
        return claude.post("/v1/messages?beta=true", body={**given, "messages": talk, **more}, cast_to=httpx2.Response)

    said = send({"role": "user", "content": [{**first, **mark}]}, helpers, tool_choice={"type": "any"})
    (use,) = said.json()["content"]
    result = {"type": "tool_result", "tool_use_id": use["id"], "content": "done", "is_error": False, **mark}
    told = ({"role": "assistant", "content": [use]}, {"role": "user", "content": [result]})
    news = {"role": "system", "content": [{"type": "text", "text": "A file has changed."}]}
    again = send({"role": "user", "content": [first]}, helpers, *told, news)
    assert "A file has changed." in again.json()["content"][0]["text"]
    assert again.headers["x-smartspawn-session"] == said.headers["x-smartspawn-session"]
    assert again.headers["x-smartspawn-reason"].startswith("the conversation keeps its model")


def test_messages_counts_tokens_and_refuses_as_anthropic_does(claude: anthropic.Anthropic) -> None:
    assert 5 < claude.messages.count_tokens(model="auto", messages=ask(TASK)).input_tokens < 100
    with pytest.raises(anthropic.NotFoundError) as unknown:
        claude.messages.create(model="acme/none", max_tokens=10, messages=ask(TASK))
    assert unknown.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]  # the protocol's body
