"""What traces tell of calls, in the words of OpenTelemetry's conventions for generative AI; never a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from runs.providers.call import CallModel, CallProgress, OnDelta
from runs.providers.faults import CallFailed
from runs.providers.pricing import price_call
from runs.shapes import ChatRequest, ChatResult, Endpoint, Grant
from smartspawn import tracing
from smartspawn.tracing import Attributes

# The conventions have names of their own for some.
_PROVIDERS: Final[Mapping[str, str]] = {
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "bedrock": "aws.bedrock",
}


def traced(call: CallModel) -> CallModel:
    """The same call, with a span around it where anybody wants to know."""
    return _TracedCall(call) if tracing.is_on() else call


class _TracedCall:
    def __init__(self, call: CallModel) -> None:
        self._call = call

    async def __call__(
        self,
        grant: Grant,
        endpoint: Endpoint,
        request: ChatRequest,
        secret: str,
        *,
        on_delta: OnDelta | None = None,
        progress: CallProgress | None = None,
    ) -> ChatResult:
        with tracing.span(f"chat {endpoint.wire_model}", _asked(grant, endpoint, request), kind="CLIENT") as span:
            try:
                result = await self._call(grant, endpoint, request, secret, on_delta=on_delta, progress=progress)
            except CallFailed as failed:
                span.fail(failed.fault.code.value)
                raise
            span.note(_answered(endpoint, result))
            return result


def _asked(grant: Grant, endpoint: Endpoint, request: ChatRequest) -> Attributes:
    provider = _PROVIDERS.get(endpoint.provider, endpoint.provider)
    place = urlsplit(endpoint.base_url)
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.system": provider,  # its name until 2025, which many collectors still look for
        "gen_ai.request.model": endpoint.wire_model,
        "gen_ai.request.max_tokens": request.max_output_tokens,
        "gen_ai.request.temperature": request.temperature,
        "server.address": place.hostname,
        "server.port": place.port,
        "smartspawn.call.id": str(grant.call_id),
        "smartspawn.connection": endpoint.connection,
        "smartspawn.model": endpoint.model_id,
        "smartspawn.simulated": endpoint.is_simulated,
    }


def _answered(endpoint: Endpoint, result: ChatResult) -> Attributes:
    cost_nano_usd = price_call(result, endpoint).cost_nano_usd
    usage = result.usage
    return {
        "gen_ai.response.model": result.served_model or None,
        "gen_ai.response.id": result.request_id or None,
        "gen_ai.response.finish_reasons": (result.finish_reason,),
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
        "smartspawn.first_token_ms": result.first_token_ms,
        # A float, as traces hold numbers; the ledger has the exact one.
        "smartspawn.cost_usd": None if cost_nano_usd is None else cost_nano_usd / 1e9,
    }
