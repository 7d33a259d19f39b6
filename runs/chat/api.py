"""The chat addresses in the protocols of OpenAI and Anthropic, below /v1/."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, content_negotiation_class
from rest_framework.request import Request
from rest_framework.response import Response

from runs.chat.anthropic_reading import read_messages
from runs.chat.deposits import deposit
from runs.chat.listing import find_model, list_models
from runs.chat.mode_runs import start_chat_run
from runs.chat.prepare import prepare_chat
from runs.chat.reading import SESSION_HEADER, SIMULATE_HEADER, read_chat, read_own
from runs.chat.responses_reading import read_responses
from runs.chat.shapes import ByMode, ChatAsk
from runs.ledger import estimate_tokens
from smartspawn.access.gates import requires_scope
from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Scope
from smartspawn.tickets import AnyAccept, stream_ticket

_OWN_HEADERS: Final = [
    OpenApiParameter(SESSION_HEADER, str, OpenApiParameter.HEADER, description="A name that the conversation keeps."),
    OpenApiParameter(SIMULATE_HEADER, bool, OpenApiParameter.HEADER, description="Have the simulator answer."),
]
_STREAMED: Final[Any] = {
    (200, "application/json"): OpenApiTypes.OBJECT,
    (200, "text/event-stream"): OpenApiTypes.STR,
}


@extend_schema(
    operation_id="chat_completions",
    tags=["Chat"],
    summary="Answer a conversation, in OpenAI's protocol",
    description="`model`: `auto`, `auto:CATEGORY:BUDGET`, `policy:TIER`, a mode (`collective`, `cascade`, `plan`, "
    "`swarm`) or a model's id. What was chosen, why and at what cost stands in the `x-smartspawn-*` headers, and in "
    "`smartspawn` in the answer or the stream's last event.",
    parameters=_OWN_HEADERS,
    request=OpenApiTypes.OBJECT,
    responses=_STREAMED,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def chat_completions(request: Request) -> HttpResponse:
    return _begin(read_chat(request.data, request.headers), request)


@extend_schema(
    operation_id="responses",
    tags=["Chat"],
    summary="Answer a conversation, in OpenAI's newer protocol",
    description="As `/v1/chat/completions`, in the words of OpenAI's Responses: for clients such as Codex. Nothing "
    "is kept from one request to the next, so `input` holds the whole conversation, `previous_response_id` is refused "
    "and `store` counts as false. Tools that the client runs are handed on (function, custom, namespaces of them); of "
    "those that OpenAI's servers run, `web_search` and `image_generation` are left out, which `smartspawn.left_out` "
    "says, and the others refused. A conversation is known by `prompt_cache_key` and how it began.",
    parameters=_OWN_HEADERS,
    request=OpenApiTypes.OBJECT,
    responses=_STREAMED,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def responses(request: Request) -> HttpResponse:
    return _begin(read_responses(request.data, request.headers), request)


@extend_schema(
    operation_id="messages",
    tags=["Chat"],
    summary="Answer a conversation, in Anthropic's protocol",
    description="As `/v1/chat/completions`, in the words of Anthropic's messages.",
    parameters=_OWN_HEADERS,
    request=OpenApiTypes.OBJECT,
    responses=_STREAMED,
)
@requires_scope(Scope.RUNS_WRITE)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def messages(request: Request) -> HttpResponse:
    return _begin(read_messages(request.data, request.headers), request)


@extend_schema(
    operation_id="count_tokens",
    tags=["Chat"],
    summary="About how many tokens a conversation takes",
    description="An estimate on the safe side, the same for every model; nothing is sent to a provider.",
    request=OpenApiTypes.OBJECT,
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def count_tokens(request: Request) -> Response:
    ask = read_messages(request.data, request.headers, needs_limit=False)
    return Response({"input_tokens": estimate_tokens(ask.messages, ask.tools), "smartspawn": {"estimated": True}})


@extend_schema(
    operation_id="chat_models",
    tags=["Chat"],
    summary="The names that a chat may ask for",
    description="Ways to choose, modes, and every model that can be reached now and is allowed.",
    parameters=[_OWN_HEADERS[1]],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
@content_negotiation_class(AnyAccept)
def models(request: Request) -> Response:
    own = read_own(None, request.headers)
    found = list_models(actor_of(request), is_simulated=own.is_simulated)
    ends = {"first_id": found[0]["id"], "last_id": found[-1]["id"]}
    return Response({"object": "list", "data": found, "has_more": False, **ends})


@extend_schema(
    operation_id="chat_model",
    tags=["Chat"],
    summary="One name that a chat may ask for",
    parameters=[
        OpenApiParameter("name", str, OpenApiParameter.PATH, examples=[OpenApiExample("auto", value="auto")]),
        _OWN_HEADERS[1],
    ],
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.RUNS_READ)
@api_view(["GET"])
@content_negotiation_class(AnyAccept)
def model(request: Request, name: str) -> Response:
    own = read_own(None, request.headers)
    return Response(find_model(name, actor_of(request), is_simulated=own.is_simulated))


def _begin(ask: ChatAsk, request: Request) -> HttpResponse:
    """Prepare the answer here; the event loop gives it, stream or not."""
    actor = actor_of(request)
    if isinstance(ask.wish, ByMode):
        work: Any = start_chat_run(ask, ask.wish, actor, request.headers.get("Idempotency-Key", ""))
    else:
        work = prepare_chat(ask, actor)
    return stream_ticket("chat", {"chat": deposit(work)})
