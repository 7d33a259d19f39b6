"""Connections and breakers as the JSON of the API; nothing in it opens anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from runs.breakers.shared import BreakerReport
from runs.connections.shapes import ConnectionReport, ListedModel
from runs.connections.standing import served_words, standing_of
from runs.harness.shapes import HarnessReport
from runs.providers.known import KnownProvider


class ListedModelPayload(TypedDict):
    id: str
    promptUsdPerMtok: float | None
    completionUsdPerMtok: float | None
    isSet: bool


class ConnectionPayload(TypedDict):
    key: str
    provider: str
    title: str
    protocol: str
    source: str
    isUsable: bool
    state: str
    detail: str
    serves: str
    isEnabled: bool
    isSimulator: bool
    priority: int
    baseUrl: str | None
    allowPrivate: bool | None
    secretTail: str | None
    models: list[ListedModelPayload] | None
    listedAt: str | None
    testedAt: str | None
    testResult: str | None


class BreakerPayload(TypedDict):
    connection: str
    model: str | None
    openUntil: str
    isTrying: bool
    openedCount: int
    reason: str
    code: str


class ProviderPayload(TypedDict):
    name: str
    title: str
    protocol: str
    baseUrl: str
    environmentVariable: str | None
    keyPage: str | None
    needsKey: bool
    note: str


class AgentPayload(TypedDict):
    name: str
    title: str
    isEnabled: bool
    isInstalled: bool
    advice: str | None


def agent_payload(report: HarnessReport) -> AgentPayload:
    """A command-line agent, and what is to be done before a run can name it as its driver."""
    return {
        "name": report.name,
        "title": report.title,
        "isEnabled": report.is_enabled,
        "isInstalled": report.is_installed,
        "advice": report.advice or None,
    }


def connection_payload(
    report: ConnectionReport, breakers: Sequence[BreakerReport], *, is_admin: bool
) -> ConnectionPayload:
    """One connection; address, end of the key and models for admins alone."""
    standing = standing_of(report, breakers)
    models = report.models if is_admin else None
    return {
        "key": report.key,
        "provider": report.provider,
        "title": report.title,
        "protocol": report.protocol.value,
        "source": report.source.value,
        "isUsable": report.is_usable,
        "state": standing.words,
        "detail": standing.detail if is_admin else "",
        "serves": served_words(report),
        "isEnabled": report.is_enabled,
        "isSimulator": report.is_simulator,
        "priority": report.priority,
        "baseUrl": report.base_url or None,
        "allowPrivate": report.allows_private if is_admin else None,
        "secretTail": report.secret_tail or None,
        "models": None if models is None else [_model_payload(model) for model in models],
        "listedAt": _moment(report.listed_at),
        "testedAt": _moment(report.tested_at),
        "testResult": (report.test_result or "ok") if is_admin and report.tested_at else None,
    }


def breaker_payload(breaker: BreakerReport) -> BreakerPayload:
    """One open breaker."""
    return {
        "connection": breaker.connection,
        "model": breaker.model_id or None,
        "openUntil": breaker.open_until.isoformat().replace("+00:00", "Z"),
        "isTrying": breaker.is_trying,
        "openedCount": breaker.failure_count,
        "reason": breaker.reason,
        "code": breaker.error_code,
    }


def provider_payload(provider: KnownProvider) -> ProviderPayload:
    """A provider that a connection may be made to."""
    return {
        "name": provider.name,
        "title": provider.title,
        "protocol": provider.protocol.value,
        "baseUrl": provider.base_url,
        "environmentVariable": provider.env_var or None,
        "keyPage": provider.key_page or None,
        "needsKey": provider.needs_key,
        "note": provider.note,
    }


def _model_payload(model: ListedModel) -> ListedModelPayload:
    return {
        "id": model.name,
        "promptUsdPerMtok": _price(model.prompt_usd_per_mtok),
        "completionUsdPerMtok": _price(model.completion_usd_per_mtok),
        "isSet": model.is_set,
    }


def _price(price: Decimal | None) -> float | None:
    return None if price is None else float(price)


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
