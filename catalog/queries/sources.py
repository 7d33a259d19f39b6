"""How the sources are doing, where a number came from, and how a refresh goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.utils import timezone

from catalog.models import RefreshRun, SourceState, StoredPayload
from catalog.payloads import find_payload
from catalog.shapes import Source, SourceInfo
from catalog.sources import SOURCES

# A source that is this many intervals old is late even when its last answer was good.
LATE_AFTER_INTERVALS: Final = 2
# How the last step of a source begins that brought nothing; the reason follows.
FAILED_STEP: Final = "failed: "


class SourceLight(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source as the sources page and the status show it."""

    info: SourceInfo
    light: SourceLight
    is_on: bool
    has_key: bool
    reason: str  # in words, why it is not green
    row_count: int
    matched_count: int
    rejected_count: int
    rejected: tuple[dict[str, object], ...]
    warnings: tuple[str, ...]
    version: str
    as_of: str
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    data_fetched_at: datetime | None
    terms_accepted_at: datetime | None
    terms_accepted_by: str


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """One refresh as a page shows it."""

    run_id: int
    state: str
    state_label: str
    is_active: bool
    trigger: str
    actor: str
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: dict[str, str]
    error: str
    revision: int | None

    @property
    def failures(self) -> dict[str, str]:
        """The sources that brought nothing, with the reason; of a refresh that has ended."""
        steps = self.progress.items()
        return {step: words.removeprefix(FAILED_STEP) for step, words in steps if words.startswith(FAILED_STEP)}

    @property
    def asked_count(self) -> int:
        """How many sources were asked."""
        return sum(step in set(Source) for step in self.progress)


@dataclass(frozen=True, slots=True)
class PayloadReport:
    """Where a payload came from."""

    source: Source
    part: str
    url: str
    sha256: str
    fetched_at: datetime
    byte_count: int
    is_current: bool


def list_sources() -> tuple[SourceReport, ...]:
    """Every source in the order of the pipeline; one query."""
    states = {state.source: state for state in SourceState.objects.all()}
    return tuple(
        _source_report(module.INFO, states.get(module.INFO.key) or SourceState(source=module.INFO.key))
        for module in SOURCES
    )


def latest_refresh() -> RefreshReport | None:
    """The refresh that runs or ran last."""
    run = RefreshRun.objects.order_by("-pk").first()
    return _refresh_report(run) if run else None


def list_refreshes(*, limit: int = 20) -> tuple[RefreshReport, ...]:
    """The newest refreshes, newest first."""
    return tuple(_refresh_report(run) for run in RefreshRun.objects.order_by("-pk")[:limit])


def find_payload_report(sha256: str) -> PayloadReport | None:
    """Where the payload with this fingerprint came from, or None when it is not kept any more."""
    row = find_payload(sha256)
    return _payload_report(row) if row else None


def list_payloads(source: Source, *, limit: int = 40) -> tuple[PayloadReport, ...]:
    """The payloads kept of a source, those in use first, then the newest."""
    rows = StoredPayload.objects.filter(source=source).defer("body_compressed")
    return tuple(_payload_report(row) for row in rows.order_by("-is_current", "-fetched_at", "part")[:limit])


def _payload_report(row: StoredPayload) -> PayloadReport:
    return PayloadReport(
        source=Source(row.source),
        part=row.part,
        url=row.url,
        sha256=row.sha256,
        fetched_at=row.fetched_at,
        byte_count=row.byte_count,
        is_current=row.is_current,
    )


def _source_report(info: SourceInfo, state: SourceState) -> SourceReport:
    has_key = bool(state.api_key_sealed)
    is_enabled = info.is_on_by_default if state.is_enabled is None else state.is_enabled
    is_on = is_enabled and (not info.needs_key or (has_key and state.terms_accepted_at is not None))
    light, reason = _judge(info, state, is_on=is_on)
    return SourceReport(
        info=info,
        light=light,
        is_on=is_on,
        has_key=has_key,
        reason=reason,
        row_count=state.row_count,
        matched_count=state.matched_count,
        rejected_count=state.rejected_count,
        rejected=tuple(state.rejected),
        warnings=tuple(state.warnings),
        version=state.version,
        as_of=state.as_of.isoformat() if state.as_of else "",
        last_attempt_at=state.last_attempt_at,
        last_success_at=state.last_success_at,
        data_fetched_at=state.data_fetched_at,
        terms_accepted_at=state.terms_accepted_at,
        terms_accepted_by=state.terms_accepted_by,
    )


def _judge(info: SourceInfo, state: SourceState, *, is_on: bool) -> tuple[SourceLight, str]:
    """The light and the words for it: failing beats late, late beats warnings."""
    if not is_on:
        why = "needs an API key and accepted terms" if info.needs_key else "switched off"
        is_used = bool(state.row_count) and state.is_enabled is None
        return SourceLight.OFF, f"{why}; what was read from a file is in use" if is_used else why
    if state.status == SourceState.Status.RED:
        return SourceLight.RED, state.reason
    if state.data_fetched_at is None:
        return SourceLight.AMBER, "never fetched; the next refresh will try"
    age = timezone.now() - state.data_fetched_at
    if age > LATE_AFTER_INTERVALS * timedelta(minutes=info.refresh_minutes):
        return (
            SourceLight.AMBER,
            f"the data in use is {age.days} days old" if age.days else "the data in use is late",
        )
    if state.status == SourceState.Status.AMBER:
        return SourceLight.AMBER, state.reason
    return SourceLight.GREEN, ""


def _refresh_report(run: RefreshRun) -> RefreshReport:
    return RefreshReport(
        run_id=run.pk,
        state=run.state,
        state_label=run.get_state_display(),
        is_active=run.slot is not None,
        trigger=run.trigger,
        actor=run.actor,
        queued_at=run.queued_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        progress=_in_order(run.progress),
        error=run.error,
        revision=run.snapshot_id,
    )


def _in_order(progress: Mapping[str, str]) -> dict[str, str]:
    """Sources as they are listed everywhere, then what is made of them; PostgreSQL keeps no order within JSON."""
    sources = [step for step in map(str, Source) if step in progress]
    return {step: progress[step] for step in dict.fromkeys((*sources, *progress))}


def find_held_back(source: Source) -> datetime | None:
    """When the answer of this source came that was not believed, or None where there is none."""
    return StoredPayload.objects.filter(source=source, is_held_back=True).values_list("fetched_at", flat=True).first()


def list_held_back() -> frozenset[Source]:
    """The sources with an answer that was not believed."""
    rows = StoredPayload.objects.filter(is_held_back=True).values_list("source", flat=True).distinct()
    return frozenset(map(Source, rows))
