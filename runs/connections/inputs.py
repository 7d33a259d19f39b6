"""What a person or a program may say about a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from runs.connections.listed import MOST_LISTED, read_price
from runs.connections.shapes import ConnectionDraft, ConnectionReport, ListedModel
from runs.providers.known import KNOWN_PROVIDERS, find_known_provider
from runs.shapes import Protocol
from smartspawn.lib.errors import InvalidParam

_PRICE_HELP = "Dollars per million tokens; without a price of its own a model of a local server costs nothing."


class ListedModelInput(serializers.Serializer[ListedModel]):
    """A model that the connection serves, set by hand."""

    id = serializers.CharField(max_length=200, help_text="The model's name at this place.")
    promptUsdPerMtok = serializers.DecimalField(  # noqa: N815 - the wire's name
        18, 9, required=False, allow_null=True, min_value=0, help_text=_PRICE_HELP
    )
    completionUsdPerMtok = serializers.DecimalField(  # noqa: N815 - the wire's name
        18, 9, required=False, allow_null=True, min_value=0, help_text=_PRICE_HELP
    )


class ConnectionInput(serializers.Serializer[ConnectionDraft]):
    """A connection; what is left out stays as it is, or is as the provider has it."""

    provider = serializers.ChoiceField([provider.name for provider in KNOWN_PROVIDERS], required=False)
    key = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="How the connection is called here, for good."
    )
    title = serializers.CharField(max_length=100, required=False, allow_blank=True)
    protocol = serializers.ChoiceField([protocol.value for protocol in Protocol], required=False, allow_blank=True)
    baseUrl = serializers.CharField(  # noqa: N815 - the wire's name
        max_length=500, required=False, allow_blank=True, help_text="With the version: https://models.example.org/v1"
    )
    secret = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="The provider's API key: sealed, and never shown again.",
    )
    enabled = serializers.BooleanField(required=False)
    allowPrivate = serializers.BooleanField(  # noqa: N815 - the wire's name
        required=False, help_text="It may lie on this machine or in a private network."
    )
    priority = serializers.IntegerField(
        required=False,
        min_value=-100,
        max_value=100,
        help_text="Of two that serve a model, the higher one is asked first.",
    )
    models = ListedModelInput(many=True, required=False, help_text="Models and prices set by hand.")


class NewConnectionInput(ConnectionInput):
    """A new connection; the provider must be named."""

    provider = serializers.ChoiceField([provider.name for provider in KNOWN_PROVIDERS])


class BreakerInput(serializers.Serializer[tuple[str, str]]):
    """Which breaker to close."""

    connection = serializers.CharField(max_length=60)
    model = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Left out: the whole connection's."
    )


def read_new_connection(data: Any) -> ConnectionDraft:
    """The connection that somebody wants. Raises DRF's ValidationError."""
    given = NewConnectionInput(data=data)
    given.is_valid(raise_exception=True)
    return _draft(given.validated_data, ConnectionDraft(given.validated_data["provider"]))


def read_connection_change(data: Any, report: ConnectionReport) -> ConnectionDraft:
    """The connection as it is, with what the change says instead. Raises DRF's ValidationError."""
    given = ConnectionInput(data=data)
    given.is_valid(raise_exception=True)
    now = ConnectionDraft(
        provider=report.provider,
        title=report.title,
        key=report.key,
        protocol=report.protocol,
        base_url=report.base_url,
        is_enabled=report.is_enabled,
        allows_private=report.allows_private,
        priority=report.priority,
    )
    return _draft(given.validated_data, now)


def read_breaker(data: Any) -> tuple[str, str]:
    """The connection and the model. Raises DRF's ValidationError."""
    given = BreakerInput(data=data)
    given.is_valid(raise_exception=True)
    return given.validated_data["connection"], given.validated_data["model"]


def _draft(said: Mapping[str, Any], now: ConnectionDraft) -> ConnectionDraft:
    protocol = said.get("protocol")
    models = said.get("models")
    provider = find_known_provider(now.provider)
    is_new = not now.key
    return ConnectionDraft(
        provider=now.provider,
        title=said.get("title") or now.title,
        key=said.get("key", "") if is_new else now.key,
        protocol=Protocol(protocol) if protocol else now.protocol,
        base_url=said.get("baseUrl") or now.base_url,
        secret=said.get("secret", ""),
        is_enabled=said.get("enabled", now.is_enabled),
        # A server of this machine cannot be reached otherwise, and its address is the provider's own.
        allows_private=said.get("allowPrivate", provider.is_local if is_new else now.allows_private),
        priority=said.get("priority", now.priority),
        models=None if models is None else tuple(_model(model) for model in models),
    )


def _model(said: Mapping[str, Any]) -> ListedModel:
    return ListedModel(said["id"], said.get("promptUsdPerMtok"), said.get("completionUsdPerMtok"), is_set=True)


def read_model_lines(text: str) -> list[dict[str, Any]]:
    """Models as a form carries them: a line each, "name, prompt price, completion price", the prices optional.

    Raises InvalidParam, naming the line.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LISTED:
        raise InvalidParam(f"A connection lists at most {MOST_LISTED} models.")
    return [_read_model_line(line) for line in lines]


def _read_model_line(line: str) -> dict[str, Any]:
    name, *prices = [part.strip() for part in line.split(",")]
    read = [read_price(price) for price in prices]
    if not name or len(prices) not in (0, 2) or None in read:
        raise InvalidParam(f"'{line[:80]}' is neither a name nor 'name, prompt price, completion price'.")
    return {"id": name} | dict(zip(("promptUsdPerMtok", "completionUsdPerMtok"), read, strict=False))


def model_lines(models: tuple[ListedModel, ...]) -> str:
    """The models set by hand as the form shows them."""
    return "\n".join(_model_line(model) for model in models if model.is_set)


def _model_line(model: ListedModel) -> str:
    if model.prompt_usd_per_mtok is None or model.completion_usd_per_mtok is None:
        return model.name
    return f"{model.name}, {model.prompt_usd_per_mtok:f}, {model.completion_usd_per_mtok:f}"
