"""Refresh the catalogue: collect every source, build a snapshot, publish it with its differences.

One refresh at a time across processes: a run holds the unique slot, with a lease that it extends at
each step and a token that fences what it writes. A run whose process died loses the slot when its
lease is over.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.build import Corrections, Origin, build_snapshot
from catalog.collect import Captures, Collected, accept, collect_captures, collect_live, keep_held, refuse
from catalog.corrections import current_corrections, fingerprint
from catalog.models import RefreshRun
from catalog.payloads import current_payloads, held_back_payloads, hold_back
from catalog.publish import publish
from catalog.queries import find_current_snapshot
from catalog.queries.sources import FAILED_STEP
from catalog.shapes import Payload, Snapshot, Source
from catalog.source_states import config_of, is_on, is_switched_off, note_attempts
from catalog.sources import SOURCES
from catalog.sources.shapes import SourceConfig
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, NotFound, SmartSpawnError, SourceFault

# Longer than any single step, so that a live run never loses its slot; short enough for a person
# who waits after a crash. A run that waits has longer: all workers may be busy.
LEASE: Final = timedelta(minutes=2)
WAITING_LEASE: Final = timedelta(minutes=5)
DIED: Final = "The process that ran this refresh ended before it was done. Nothing was changed."
NEVER_BEGUN: Final = "No worker took this refresh. Check that the queue is running (make up starts it)."
PROGRESS_INTERVAL_S: Final = 0.5
TRIGGER_CHARS: Final = 200  # as its column holds; a trigger may quote a name that somebody typed
Held = Mapping[Source, Mapping[str, Payload]]
ALL_SOURCES: Final = tuple(module.INFO.key for module in SOURCES)


@dataclass(frozen=True, slots=True)
class RefreshOutcome:
    """What a refresh came to."""

    run_id: int
    revision: int
    is_published: bool  # False: nothing was different, the former snapshot stands
    difference_count: int
    collected: tuple[Collected, ...]


def request_refresh(*, actor: Actor, trigger: str, only: Sequence[Source] = ()) -> RefreshRun:
    """A run that waits for a worker.

    Raises Conflict while another run waits or works.
    """
    release_lost_runs()
    try:
        with transaction.atomic():
            return RefreshRun.objects.create(
                trigger=trigger[:TRIGGER_CHARS],
                actor=actor.label,
                only=[str(source) for source in only],
                queued_at=timezone.now(),
                lease_until=timezone.now() + WAITING_LEASE,
            )
    except IntegrityError as error:
        raise Conflict("Refresh already in progress") from error


def release_lost_runs() -> int:
    """End the runs whose lease is over, so that a new one can start; how many there were."""
    now = timezone.now()
    overdue = RefreshRun.objects.filter(slot__isnull=False, lease_until__lt=now)
    never_begun = overdue.filter(state=RefreshRun.State.QUEUED).update(**_lost(now, NEVER_BEGUN))
    return never_begun + overdue.filter(state=RefreshRun.State.RUNNING).update(**_lost(now, DIED))


def _lost(now: datetime, error: str) -> dict[str, Any]:
    return {"state": RefreshRun.State.LOST, "slot": None, "finished_at": now, "error": error}


def refresh_catalog(
    *, actor: Actor, trigger: str, only: Sequence[Source] = (), captures: Captures | None = None
) -> RefreshOutcome:
    """Run a whole refresh now, from the network or from a folder of captures.

    Raises Conflict while another one runs, SourceFault when there is no catalogue to build on.
    """
    run = request_refresh(actor=actor, trigger=trigger, only=only)
    return execute_refresh(run_id=run.pk, captures=captures)


def rebuild_catalog(*, actor: Actor, trigger: str) -> RefreshOutcome:
    """Build the snapshot again from the data held, as after a changed alias or override."""
    run = request_refresh(actor=actor, trigger=trigger)
    return execute_refresh(run_id=run.pk, is_rebuild=True)


def accept_held_back(*, actor: Actor, source: Source, why: str) -> RefreshOutcome:
    """Believe the answer of a source that was held back, and publish the catalogue that it makes.

    Raises NotFound where none is held back any more, Conflict while a refresh is active.
    """
    payloads = held_back_payloads(source)
    if not payloads:
        raise NotFound(f"Nothing of {source} is held back any more.")
    run = request_refresh(actor=actor, trigger=f"an answer of {source} believed by {actor.label}")
    record(
        actor=actor,
        action="source.accept",
        subject=str(source),
        after={"payloads": [payload.sha256 for payload in payloads]},
        why=why,
    )
    return execute_refresh(run_id=run.pk, accepted=source)


def execute_refresh(
    *, run_id: int, captures: Captures | None = None, is_rebuild: bool = False, accepted: Source | None = None
) -> RefreshOutcome:
    """Do the work of a requested run; its end, good or bad, is written to its row.

    Raises Conflict when the run is not waiting any more.
    """
    run = _claim(run_id)
    try:
        if accepted is not None:
            collected = _collect_accepted(accepted)
        else:
            collected = _collect(run, captures=captures, is_rebuild=is_rebuild)
            _hold_back(collected)
        _extend(run, {"build": "matching and scoring"})
        now = timezone.now()
        previous, corrections = find_current_snapshot(), current_corrections()
        snapshot = build_collected(collected, corrections, previous, now)
        outcome = publish(run=run, snapshot=snapshot, previous=previous, collected=collected, now=now)
        RefreshRun.objects.filter(pk=run.pk).update(corrections_sha256=fingerprint(corrections))
    except BaseException as error:
        _fail(run, error)
        raise
    if current_corrections() != corrections:
        # An admin changed something while this run held the slot, and could not start a rebuild.
        rebuild_catalog(actor=Actor(label=run.actor), trigger="a correction made during a refresh")
    return RefreshOutcome(
        run_id=run.pk,
        revision=outcome.revision,
        is_published=outcome.is_published,
        difference_count=outcome.difference_count,
        collected=tuple(collected),
    )


def _claim(run_id: int) -> RefreshRun:
    token, now = uuid.uuid4(), timezone.now()
    is_mine = RefreshRun.objects.filter(pk=run_id, state=RefreshRun.State.QUEUED).update(
        state=RefreshRun.State.RUNNING, token=token, started_at=now, lease_until=now + LEASE
    )
    if not is_mine:
        raise Conflict(f"Refresh {run_id} is not waiting to be run.")
    return RefreshRun.objects.get(pk=run_id)


def _collect(run: RefreshRun, *, captures: Captures | None, is_rebuild: bool) -> Sequence[Collected]:
    used = [source for source in ALL_SOURCES if not is_switched_off(source)]
    held = {source: current_payloads(source) for source in used}
    if is_rebuild:
        kept = [keep_held(source, held[source]) for source in used]
        note_attempts(kept, [item.source for item in kept if item.error], timezone.now())
        return kept
    wanted = [source for source in used if not run.only or source in run.only]
    if captures is not None:
        return _collect_captures(held, wanted, captures)
    return _collect_live(run, held, [source for source in wanted if is_on(source)])


def _collect_accepted(accepted: Source) -> Sequence[Collected]:
    """The answer that was held back, with the data held of the others."""
    used = [source for source in ALL_SOURCES if not is_switched_off(source) or source == accepted]
    return [
        accept(source, held_back_payloads(source))
        if source == accepted
        else keep_held(source, current_payloads(source))
        for source in used
    ]


def _hold_back(collected: Sequence[Collected]) -> None:
    """Keep what was not believed, so that a person can look at it, and say that it is true."""
    for item in collected:
        if item.held_back:
            hold_back(item.source, item.held_back)


def _collect_captures(held: Held, wanted: Sequence[Source], captures: Captures) -> Sequence[Collected]:
    """A folder is given by hand, so sources that are only off by default are read from it too."""
    collected = [
        collect_captures(source, held[source], captures) if source in wanted else keep_held(source, held[source])
        for source in held
    ]
    note_attempts(collected, [item.source for item in collected if item.is_new or item.error], timezone.now())
    return collected


def open_captures(directory: Path, *, is_forced: bool = False) -> Captures:
    """The folder with the moment its answers were saved: its name where that is a date, else its last change.

    Raises SourceFault when it is not a folder.
    """
    if not directory.is_dir():
        raise SourceFault(f"{directory} is not a folder.")
    try:
        day = date.fromisoformat(directory.resolve().name)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        moment = datetime.fromtimestamp(directory.stat().st_mtime, tz=UTC)
    return Captures(directory=directory, fetched_at=moment, is_forced=is_forced)


def _collect_live(run: RefreshRun, held: Held, fetched: Sequence[Source]) -> Sequence[Collected]:
    """Fetch in a thread of its own, while this one keeps the lease and the progress up to date."""
    configs, refused = _configs(held, fetched)
    steps: dict[str, str] = {str(source): "waiting" for source in configs}

    def report(source: Source, step: str) -> None:
        steps[str(source)] = step

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="fetch") as pool:
        future = pool.submit(asyncio.run, collect_live(configs, held, report=report))
        while not future.done():
            _extend(run, dict(steps))
            wait([future], timeout=PROGRESS_INTERVAL_S)
        live = (*future.result(), *refused)
    _extend(run, {str(item.source): _outcome(item) for item in live})
    note_attempts(live, fetched, timezone.now())
    by_source = {item.source: item for item in live}
    return [by_source.get(source) or keep_held(source, held[source]) for source in held]


def _outcome(item: Collected) -> str:
    """What came of asking a source, as its last step."""
    return f"{FAILED_STEP}{item.error}" if item.error else "read" if item.is_new else "read, nothing new"


def _configs(held: Held, fetched: Sequence[Source]) -> tuple[dict[Source, SourceConfig], list[Collected]]:
    """What each source is asked with; one whose key cannot be opened costs the others nothing."""
    configs: dict[Source, SourceConfig] = {}
    refused: list[Collected] = []
    for source in fetched:
        try:
            configs[source] = config_of(source)
        except SourceFault as fault:
            refused.append(refuse(source, held[source], fault.message, fault.code))
    return configs, refused


def build_collected(
    collected: Sequence[Collected], corrections: Corrections, previous: Snapshot | None, now: datetime
) -> Snapshot:
    """The snapshot of what was collected, not yet published. Raises SourceFault where nothing lists any model."""
    usable = [item for item in collected if item.parsed is not None]
    if not any(item.parsed.models for item in usable if item.parsed):
        raise SourceFault(
            "No source lists any model, so there is no catalogue to build. "
            + " ".join(f"{item.source}: {item.error}." for item in collected if item.error)
        )
    return build_snapshot(
        [item.parsed for item in usable if item.parsed],
        {item.source: _origin(item.payloads) for item in usable},
        corrections=corrections,
        previous=previous,
        now=now,
    )


def _origin(payloads: Sequence[Payload]) -> Origin:
    return Origin(
        fetched_at=min(payload.fetched_at for payload in payloads),
        payload_sha256s=tuple(payload.sha256 for payload in payloads),
    )


def _extend(run: RefreshRun, progress: Mapping[str, str]) -> None:
    RefreshRun.objects.filter(pk=run.pk, token=run.token).update(
        lease_until=timezone.now() + LEASE, progress={**run.progress, **progress}
    )
    run.progress = {**run.progress, **progress}


def _fail(run: RefreshRun, error: BaseException) -> None:
    message = error.message if isinstance(error, SmartSpawnError) else f"{type(error).__name__}: {error}"
    RefreshRun.objects.filter(pk=run.pk, token=run.token, state=RefreshRun.State.RUNNING).update(
        state=RefreshRun.State.FAILED, slot=None, finished_at=timezone.now(), error=message
    )
