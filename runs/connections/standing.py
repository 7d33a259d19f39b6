"""How a connection is doing, in one light and a few words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runs.breakers.shared import BreakerReport
from runs.connections.shapes import ConnectionReport, ConnectionSource
from runs.providers.known import Reach, find_known_provider


class Light(StrEnum):
    """What the dot before the words looks like."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Standing:
    """A connection's state for people."""

    light: Light
    words: str
    detail: str = ""


def standing_of(report: ConnectionReport, breakers: Iterable[BreakerReport]) -> Standing:
    """The worst that is known of the connection; good only after a test, or when nothing speaks against it."""
    if not report.is_enabled:
        return Standing(Light.OFF, "Switched off")
    if report.problem:
        return Standing(Light.BAD, "Cannot be used", report.problem)
    return _by_breakers(report, breakers) or _by_test(report)


def _by_breakers(report: ConnectionReport, breakers: Iterable[BreakerReport]) -> Standing | None:
    mine = [breaker for breaker in breakers if breaker.connection == report.key]
    shut = next((breaker for breaker in mine if not breaker.model_id), None)
    if shut is not None:
        return Standing(Light.BAD, f"Left alone until {_clock(shut.open_until)}", shut.reason)
    names = ", ".join(breaker.model_id for breaker in mine[:3])
    return Standing(Light.WARN, f"{len(mine)} of its models left alone", names) if mine else None


def _by_test(report: ConnectionReport) -> Standing:
    if report.test_result:
        return Standing(Light.BAD, "Last test failed", report.test_result)
    if report.tested_at is None:
        return Standing(Light.WARN, "Not tested yet")
    return Standing(Light.GOOD, "Ready")


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def served_words(report: ConnectionReport) -> str:
    """Which models it serves, in words."""
    provider = find_known_provider(report.provider)
    if provider.reach is Reach.CATALOGUE:
        return "simulated runs alone" if report.is_simulator else "every model of the catalogue"
    count = None if report.models is None else len(report.models)
    if provider.reach is Reach.MAKER:
        return "its own models" + ("" if count is None else f", {count} listed")
    if count is None:
        return "nothing until it is tested and lists its models"
    return f"the {count} models it lists" if count != 1 else "the one model it lists"


def key_words(report: ConnectionReport) -> str:
    """Where its key comes from, and how it ends."""
    ending = f"ends in {report.secret_tail}" if report.secret_tail else ""
    if report.source is ConnectionSource.ENVIRONMENT:
        return f"from {report.env_var}" + (f", {ending}" if ending else "")
    return ending or ("stored" if report.has_secret else "none")
