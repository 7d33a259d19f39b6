"""OpenAI's own package asks a running site by the Responses protocol; the provider simulator serves its models."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import openai
import pydantic
import pytest

from tests.runs.chat.served import FAILING, Served, served_site
from tests.site import wait_until

pytestmark = pytest.mark.faults

TASK = "Write a Python function that reverses a linked list, and its tests"
LOOK = {
    "type": "function",
    "name": "look_up",
    "parameters": {"type": "object", "properties": {"word": {"type": "string"}}},
}
SHELL = {"type": "custom", "name": "shell", "description": "Runs a command."}
HOUSE = {"type": "namespace", "name": "mcp__house", "description": "A house.", "tools": [LOOK]}
PICTURE = base64.b64encode(b"\x89PNG" + bytes(3_000_000)).decode()  # beyond what other addresses take


class City(pydantic.BaseModel):
    """A form for an answer."""

    name: str
    people: int


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    environment = {"SMARTSPAWN_RATE_LIMIT": "off"}
    home = tmp_path_factory.mktemp("responses")
    with served_site(home, environment=environment, latency="100ms", piece_delay="100ms", pieces=8) as running:
        yield running


@pytest.fixture(scope="module")
def gpt(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served.url, api_key=served.token, max_retries=0, timeout=60) as client:
        yield client


def test_auto_answers_and_says_who_and_why(served: Served, gpt: openai.OpenAI) -> None:
    raw = gpt.responses.with_raw_response.create(model="auto:coding", input=TASK, metadata={"a": "b"}, store=True)
    answer, headers = raw.parse(), raw.headers
    own = answer.smartspawn  # type: ignore[attr-defined]  # ours, beyond the protocol
    assert answer.output_text.startswith("[simulated]")
    assert (answer.status, answer.metadata, answer.store) == ("completed", {"a": "b"}, False)
    assert answer.model == headers["x-smartspawn-model"] == own["model"]
    assert answer.model in served.models
    assert "leads" in headers["x-smartspawn-reason"]
    assert len(headers["x-smartspawn-decision-id"]) == 36
    usage = answer.usage
    assert usage is not None
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    # half a dollar and one and a half for a million tokens
    assert float(own["cost_usd"]) == pytest.approx((usage.input_tokens * 0.5 + usage.output_tokens * 1.5) / 1e6)


def test_a_stream_tells_every_step_and_the_whole_at_its_end(gpt: openai.OpenAI) -> None:
    with gpt.responses.stream(model="auto:coding", input=TASK) as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type.removeprefix("response.") for event in events]
    assert kinds[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert kinds[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert set(kinds[4:-4]) == {"output_text.delta"}
    assert len(kinds) > 12
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == final.output_text
    assert final.usage is not None
    assert final.usage.output_tokens == 50
    assert float(final.smartspawn["cost_usd"]) > 0  # type: ignore[attr-defined]  # as above


def test_a_tool_is_called_its_output_handed_on_and_the_conversation_keeps_its_model(gpt: openai.OpenAI) -> None:
    asked: list[Any] = [{"role": "user", "content": 'call the tool look_up with {"word": "cat"}'}]
    with gpt.responses.stream(model="auto", input=asked, tools=[LOOK], prompt_cache_key="talk 1") as stream:
        kinds = {event.type for event in stream}
        first = stream.get_final_response()
    assert {"response.function_call_arguments.delta", "response.function_call_arguments.done"} <= kinds
    (call,) = first.output
    assert call.type == "function_call"
    assert (call.name, call.arguments) == ("look_up", '{"word": "cat"}')
    # only the part of the answer that the protocol wants back, as its own package writes it
    told = [*asked, call.model_dump(exclude_none=True), {"type": "function_call_output", "call_id": call.call_id}]
    told[-1]["output"] = "an animal"
    again = gpt.responses.create(model="auto", input=told, tools=[LOOK], prompt_cache_key="talk 1")
    assert again.model == first.model
    assert "an animal" in again.output_text
    assert "keeps its model" in again.smartspawn["reason"]  # type: ignore[attr-defined]  # as above


def test_tools_of_text_and_of_namespaces_are_called_as_they_were_offered(gpt: openai.OpenAI) -> None:
    tools: list[Any] = [SHELL, HOUSE, {"type": "web_search"}]
    words = 'call the tool shell with {"input": "ls -l"}'
    text = gpt.responses.create(model="auto", input=words, tools=tools)
    (call,) = text.output
    assert (call.type, call.name, call.input) == ("custom_tool_call", "shell", "ls -l")  # type: ignore[union-attr]
    assert text.smartspawn["left_out"][0].startswith("web_search:")  # type: ignore[attr-defined]  # as above
    (call,) = gpt.responses.create(model="auto", input="call the tool mcp__house__look_up", tools=tools).output
    assert call.type == "function_call"
    assert (call.name, call.namespace) == ("look_up", "mcp__house")


def test_pictures_are_handed_on(gpt: openai.OpenAI) -> None:
    picture: Any = {"type": "input_image", "image_url": f"data:image/png;base64,{PICTURE}"}
    content = [{"type": "input_text", "text": "What is this?"}, picture]
    answer = gpt.responses.create(model="auto", input=[{"role": "user", "content": content}])
    assert "What is this?" in answer.output_text


def test_an_answer_keeps_to_a_form(gpt: openai.OpenAI) -> None:
    answer = gpt.responses.parse(model="auto", input="Which city is this?", text_format=City)
    assert isinstance(answer.output_parsed, City)


def test_an_answer_that_was_cut_says_so(gpt: openai.OpenAI) -> None:
    answer = gpt.responses.create(model="auto", input=TASK, max_output_tokens=20)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_a_mode_has_a_run_answer(gpt: openai.OpenAI) -> None:
    events = list(
        gpt.responses.create(
            model="collective", input=TASK, stream=True, extra_headers={"X-Smartspawn-Simulate": "true"}
        )
    )
    assert events[-1].type == "response.completed"
    assert "[simulated]" in events[-1].response.output_text
    assert len(events[-1].response.smartspawn["run_id"]) == 36  # type: ignore[attr-defined]  # as above


def test_errors_come_as_the_client_knows_them(served: Served, gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="GET /v1/models"):
        gpt.responses.create(model="acme/none", input=TASK)
    with pytest.raises(openai.BadRequestError, match="Send the whole conversation") as former:
        gpt.responses.create(model="auto", input=TASK, previous_response_id="resp_1")
    assert (former.value.param, former.value.code) == ("previous_response_id", "previous_response_not_found")
    with pytest.raises(openai.BadRequestError, match="file_search"):
        gpt.responses.create(model="auto", input=TASK, tools=[{"type": "file_search", "vector_store_ids": ["x"]}])
    with pytest.raises(openai.InternalServerError) as failed:
        gpt.responses.create(model=FAILING, input=TASK, stream=True)
    assert failed.value.code == "PROVIDER_FAULT"
    stranger = openai.OpenAI(base_url=served.url, api_key="ss_nothing_here", max_retries=0)
    with stranger, pytest.raises(openai.AuthenticationError):
        stranger.responses.create(model="auto", input=TASK)


def test_a_client_that_hangs_up_closes_the_providers_stream_and_pays_for_what_came(
    served: Served, gpt: openai.OpenAI
) -> None:
    served.empty_bill()
    before = served.money()
    stream = gpt.responses.create(model="auto:coding", input=TASK, stream=True)
    next(event for event in stream if event.type == "response.output_text.delta")
    stream.close()
    totals = served.simulation.bill
    wait_until(lambda: totals()["totals"]["disconnected"], within_s=2, what="the provider's stream is closed")
    wait_until(lambda: served.money()["open"] == 0, within_s=10, what="nothing stays reserved")
    assert served.money()["canceled"] == before.get("canceled", 0) + 1


def test_an_answer_that_breaks_off_ends_as_failed(tmp_path: Any) -> None:
    with (
        served_site(tmp_path / "cut", latency="5ms", pieces=6, cut_rate=1) as cut,
        openai.OpenAI(base_url=cut.url, api_key=cut.token, max_retries=0, timeout=60) as client,
    ):
        events = list(client.responses.create(model=cut.models[0], input=TASK, stream=True))
    last = events[-1]
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert last.response.error.code == "server_error"
    assert events[4].type == "response.output_text.delta"
