"""Starting runs: planned first, then written down whole with everything that belongs to them, then rung for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from runs.driving.ringing import ring
from runs.forecast import forecast
from runs.graph.closing import least_call_nano, least_cap_nano
from runs.keeping.artifacts import PLAN_KEY, NewArtifact, write_artifacts
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.keeping.node_rows import node_row
from runs.keeping.serial import plan_head_to_json, request_to_json
from runs.ledger import open_run_balance
from runs.models import Node, Run, RunKey, RunPreference
from runs.money import format_usd, to_nano
from runs.planning import plan_run
from runs.shapes import CostForecast, Plan, RunRequest, RunStatus
from smartspawn import tracing
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, InvalidParam, SmartSpawnError

# Two equal requests within this time are taken for one that was sent twice, where the caller gave no key.
DERIVED_KEY_FOR: Final = timedelta(minutes=10)
GIVEN_KEY_FOR: Final = timedelta(hours=24)
LONGEST_KEY: Final = 255
_ROWS_AT_ONCE: Final = 500
_HEADING_CHARS: Final = 2_000
_UNSUCCESSFUL: Final = (RunStatus.FAILED, RunStatus.CANCELED, RunStatus.BUDGET_EXHAUSTED)


class KeyReused(SmartSpawnError):
    """An idempotency key came with another request than before."""

    code = "IDEMPOTENCY_KEY_REUSED"


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that is written down, and whether this request made it."""

    run: Run
    is_deduplicated: bool = False


@dataclass(frozen=True, slots=True)
class _Key:
    scope: str
    key: str
    sha256: str
    is_derived: bool


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The money limits of a run, from the request, its owner's wishes and the site's, in this order."""

    cap_nano_usd: int | None
    approve_above_nano_usd: int | None


def start_run(
    *,
    request: RunRequest,
    actor: Actor,
    idempotency_key: str = "",
    is_forced_new: bool = False,
    rings: bool = True,
    rerun_of: UUID | None = None,
) -> StartedRun:
    """Plan the work and write it down; it begins when a worker answers the ring.

    The same key twice, or without a key the same request within ten minutes, is one run. With ``rings``
    False the caller drives the run itself. Raises KeyReused, and whatever planning refuses.
    """
    key = _key_of(request, actor, idempotency_key, is_forced_new=is_forced_new)
    if key and (known := _find_known(key)):
        return known
    plan = plan_run(request=request, actor=actor)
    costs = forecast(plan)
    bounds = _bounds(request, actor)
    _refuse_hopeless(bounds, costs)
    plan = _with_warning(plan, bounds)
    try:
        with transaction.atomic():
            run = _write(request, actor, plan, costs, bounds, rerun_of)
            if key:
                _claim(key, run)
            if rings and run.status == RunStatus.QUEUED:
                ring(run.pk)
    except IntegrityError:
        known = _find_known(key) if key else None
        if known is None:
            raise
        return known
    return StartedRun(run)


def preview_run(*, request: RunRequest, actor: Actor) -> tuple[Plan, CostForecast]:
    """What would be done and what it would cost, without starting anything."""
    plan = plan_run(request=request, actor=actor, is_stored=False)
    return _with_warning(plan, _bounds(request, actor)), forecast(plan)


# --- keys ----------------------------------------------------------------------------------


def _key_of(request: RunRequest, actor: Actor, given: str, *, is_forced_new: bool) -> _Key | None:
    if len(given) > LONGEST_KEY:
        raise InvalidParam(f"Idempotency-Key: at most {LONGEST_KEY} characters.")
    sha256 = hashlib.sha256(json.dumps(request_to_json(request), sort_keys=True).encode()).hexdigest()
    scope = f"key:{actor.key_id}" if actor.key_id else f"user:{actor.user_id}" if actor.user_id else "command line"
    if given:
        # By its digest: whatever signs it has, it is kept whole and no longer than the column.
        return _Key(scope, f"given:{hashlib.sha256(given.encode()).hexdigest()}", sha256, is_derived=False)
    return None if is_forced_new else _Key(scope, f"derived:{sha256}", sha256, is_derived=True)


def _find_known(key: _Key) -> StartedRun | None:
    row = (
        RunKey.objects.select_related("run").filter(scope=key.scope, key=key.key, expires_at__gt=timezone.now()).first()
    )
    if row is None or _is_spent(row):
        return None
    if row.request_sha256 != key.sha256:
        raise KeyReused("This Idempotency-Key came with another request before. Use a new key for a new request.")
    return StartedRun(row.run, is_deduplicated=True)


def _is_spent(row: RunKey) -> bool:
    """Whether the row says nothing any more: who asks again after a failure wants another try, not the failure."""
    return row.expires_at <= timezone.now() or (row.is_derived and row.run.status in _UNSUCCESSFUL)


def _claim(key: _Key, run: Run) -> None:
    """Raises IntegrityError where another request was faster."""
    former = RunKey.objects.select_related("run").filter(scope=key.scope, key=key.key).first()
    if former is not None and _is_spent(former):
        former.delete()
    lifetime = DERIVED_KEY_FOR if key.is_derived else GIVEN_KEY_FOR
    RunKey.objects.create(
        scope=key.scope,
        key=key.key,
        request_sha256=key.sha256,
        is_derived=key.is_derived,
        run=run,
        expires_at=timezone.now() + lifetime,
    )


# --- money ---------------------------------------------------------------------------------


def _bounds(request: RunRequest, actor: Actor) -> _Bounds:
    wish = RunPreference.objects.filter(user_id=actor.user_id).first() if actor.user_id else None
    return _Bounds(
        cap_nano_usd=_first(request.max_usd, wish.default_cap_nano_usd if wish else None, settings.MAX_USD_PER_RUN),
        approve_above_nano_usd=_first(
            request.approve_above_usd, wish.approve_above_nano_usd if wish else None, settings.APPROVE_ABOVE_USD
        ),
    )


def _first(asked_usd: Decimal | None, wished_nano_usd: int | None, site_usd: Decimal | None) -> int | None:
    if asked_usd is not None:
        return to_nano(asked_usd)
    if wished_nano_usd is not None:
        return wished_nano_usd
    return None if site_usd is None else to_nano(site_usd)


def _refuse_hopeless(bounds: _Bounds, costs: CostForecast) -> None:
    expected = costs.expected_nano_usd
    if bounds.cap_nano_usd == 0 and expected != 0:
        raise Conflict("The cap of this run is $0, which lets nothing through. Give it a budget: maxUsd.")


def _with_warning(plan: Plan, bounds: _Bounds) -> Plan:
    """The plan; where its cap is too small for a whole run of it, it says so."""
    if bounds.cap_nano_usd is None:
        return plan
    cap = format_usd(bounds.cap_nano_usd)
    first, whole = least_call_nano(plan.nodes, bounds.cap_nano_usd), least_cap_nano(plan.nodes, plan.final)
    if bounds.cap_nano_usd < first:
        warning = (
            f"The cap of {cap} lets no call through: the cheapest may take {format_usd(first)}. "
            "Raise it, or ask for shorter answers or a cheaper model."
        )
    elif bounds.cap_nano_usd < whole:
        warning = (
            f"The cap of {cap} is too small to keep money back for bringing the answers together: for that and the "
            f"dearest of them, {format_usd(whole)} would have to be free. It buys answers as far as it goes; where "
            "too little is left then, they are put below one another."
        )
    else:
        return plan
    return replace(plan, notes=(*plan.notes, warning))


def _needs_yes(bounds: _Bounds, costs: CostForecast) -> bool:
    """Whether a person must look first: it may become dear, or nobody can say how dear."""
    if bounds.approve_above_nano_usd is None:
        return False
    likely = costs.likely_worst_nano_usd
    return likely is None or likely > bounds.approve_above_nano_usd


# --- rows ----------------------------------------------------------------------------------


def _write(
    request: RunRequest, actor: Actor, plan: Plan, costs: CostForecast, bounds: _Bounds, rerun_of: UUID | None
) -> Run:
    # A simulated run spends nothing: it waits only where the request itself says above which amount.
    is_asked = not request.is_simulated or request.approve_above_usd is not None
    waits = is_asked and _needs_yes(bounds, costs)
    frame = plan_head_to_json(plan)
    run = Run.objects.create(
        user_id=actor.user_id,
        key_id=actor.key_id,
        asked_by=actor.label[:200],
        mode=plan.mode,
        status=RunStatus.AWAITING_APPROVAL if waits else RunStatus.QUEUED,
        task=request.task or _heading(request),
        label=request.label,
        request=request_to_json(request),
        plan=frame,
        category=next((spec.model.category for spec in plan.nodes if spec.model), ""),
        decision_ids=list(plan.decision_ids),
        rerun_of_id=rerun_of,
        traceparent=tracing.noted_down(),
        is_simulated=request.is_simulated,
        cap_nano_usd=bounds.cap_nano_usd,
        expected_nano_usd=costs.expected_nano_usd,
        likely_worst_nano_usd=costs.likely_worst_nano_usd,
        worst_nano_usd=costs.worst_nano_usd,
    )
    nodes = [node_row(run.pk, place, spec) for place, spec in enumerate(plan.nodes)]
    Node.objects.bulk_create(nodes, batch_size=_ROWS_AT_ONCE)
    whole = json.dumps({**frame, "nodes": [node.spec for node in nodes]}, indent=2)
    write_artifacts(run.pk, [NewArtifact(PLAN_KEY, "plan", whole, media_type="application/json")])
    open_run_balance(run.pk, bounds.cap_nano_usd)
    add_events(run.pk, _first_events(run, plan, costs))
    run.refresh_from_db(fields=["event_count"])
    return run


def _first_events(run: Run, plan: Plan, costs: CostForecast) -> list[NewEvent]:
    likely = costs.likely_worst_nano_usd
    told = [NewEvent(EventKind.RUN_CREATED, message=plan.summary, data={"mode": plan.mode, "nodes": len(plan.nodes)})]
    if run.status == RunStatus.AWAITING_APPROVAL:
        sum_text = (
            "May cost an unknown amount" if likely is None else f"Nine in ten such runs stay below {format_usd(likely)}"
        )
        told.append(NewEvent(EventKind.RUN_AWAITING_APPROVAL, message=f"{sum_text}: waits for a yes"))
    return told


def _heading(request: RunRequest) -> str:
    """What to show for a run that was not asked for as one task."""
    if request.topic:
        return f"{request.topic}: {', '.join(request.subjects)}"
    return "\n".join(request.prompts[:5] or request.subjects[:20]) or _chain_heading(request.chain or {})


def _chain_heading(chain: Mapping[str, Any]) -> str:
    """What a chain was asked in words: its task, else its name, else what it works on."""
    auto = chain.get("auto")
    inner: Mapping[str, Any] = auto if isinstance(auto, Mapping) else {}
    said = (inner.get("task"), *(chain.get(name) for name in ("task", "name", "input", "data")))
    return next((words[:_HEADING_CHARS] for words in said if isinstance(words, str) and words.strip()), "")
