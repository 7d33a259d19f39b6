"""Decisions as they are kept; ``replays.py`` makes them again.

Who is known, and every request with a body, gets a stored decision. An open GET writes nothing: its id is a
token that says itself what was asked and what was known, so that it can be made again just the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Final

import msgspec

from catalog.shapes import Budget, Category
from routing.exploring.shapes import Trial
from routing.models import ChosenModel, ExploredPick, StoredDecision
from routing.quick_commit import insert_rows, quick_commit
from routing.shapes import Choice, Decision, Features, Limits
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotFound

# A decision is shown with the beginning of its task; to choose again, the features are enough.
TASK_KEPT_CHARS: Final = 4000
RUNNERS_UP_KEPT: Final = 5
# Of decisions that nobody is known to have asked for, the newest so many are kept.
ANONYMOUS_KEPT: Final = 20_000
_PRUNE_EVERY: Final = 500
_MOST_PRUNED: Final = 5000  # in one go, so that nobody waits long; the next go takes the rest
_TOKEN_MARK: Final = "q1_"  # noqa: S105  no secret: it tells a packed question from the id of a row
_MAX_TOKEN_CHARS: Final = 16_000
_put_off: Final[ContextVar[list[Callable[[], None]] | None]] = ContextVar("put_off", default=None)


@dataclass(frozen=True, slots=True)
class Basis:
    """All that a choice was made from, beside the snapshot and the revision."""

    features: Features
    limits: Limits
    count: int = 1
    preference: int | None = None
    user_id: int | None = None  # whose ratings counted


_Number = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Question(msgspec.Struct, array_like=True, frozen=True):
    """What a token says, in the order in which it is packed."""

    kind: str
    catalog_revision: _Number
    policy_version: str
    adjustment_revision: _Number
    category: Category
    budget: Budget
    count: Annotated[int, msgspec.Meta(ge=1, le=100)]
    preference: Annotated[int, msgspec.Meta(ge=0, le=10)] | None
    required_capabilities: tuple[str, ...]
    min_context_tokens: int | None
    context_tags: tuple[str, ...]
    exclude: tuple[str, ...]


# --- as rows -------------------------------------------------------------------------------------


def store_decision(decision: Decision, basis: Basis, *, actor: Actor, details: Mapping[str, Any] | None = None) -> str:
    """Keep the decision with what else is worth knowing of it, and return the id of its row."""
    features, choice = basis.features, decision.choice
    kept = replace(basis, features=replace(features, task=""))  # the row has the task
    return store(
        StoredDecision(
            made_at=decision.made_at,
            kind=decision.kind,
            category=features.category,
            budget=basis.limits.budget,
            chosen=list(decision.chosen),
            reason=choice.reason,
            catalog_revision=decision.catalog_revision,
            policy_version=decision.policy_version,
            adjustment_revision=decision.adjustment_revision,
            basis=msgspec.to_builtins(kept),
            outcome={**_outcome(choice), **_trial(decision.trial), **(details or {})},
        ),
        task=features.task,
        actor=actor,
        trial=decision.trial,
    )


def store(row: StoredDecision, *, task: str, actor: Actor, trial: Trial | None = None) -> str:
    """Keep a decision of any kind for who asked, found by each model that it chose; returns its id."""
    row.task, row.task_sha256 = task[:TASK_KEPT_CHARS], hashlib.sha256(task.encode()).hexdigest()
    row.actor, row.user_id, row.key_id = actor.label, actor.user_id, actor.key_id
    put_off = _put_off.get()
    if put_off is None:
        _write(row, trial)
    else:
        put_off.append(partial(_write, row, trial))
    return str(row.pk)


@contextmanager
def writing_put_off() -> Iterator[list[Callable[[], None]]]:
    """Decisions made within get their id at once; who called writes their rows when there is time, by these."""
    writes: list[Callable[[], None]] = []
    token = _put_off.set(writes)
    try:
        yield writes
    finally:
        _put_off.reset(token)


def _write(row: StoredDecision, trial: Trial | None) -> None:
    with quick_commit():
        insert_rows([row])
        insert_rows(
            [
                ChosenModel(
                    decision_id=row.pk,
                    model_id=model_id,
                    made_at=row.made_at,
                    user_id=row.user_id,
                    kind=row.kind,
                    category=row.category,
                )
                for model_id in dict.fromkeys(row.chosen)
            ]
        )
        if trial is not None and trial.is_tried:
            insert_rows([_explored(row, trial)])
    if row.user_id is None and row.pk.int % _PRUNE_EVERY == 0:
        _prune_anonymous()


def get_stored(decision_id: str, *, actor: Actor) -> StoredDecision:
    """The kept decision, for whom it concerns: its owner, an admin, or anybody where nobody is known to own it."""
    try:
        row = StoredDecision.objects.filter(pk=uuid.UUID(decision_id)).first()
    except ValueError:
        row = None
    if row is None or not _concerns(row, actor):
        raise NotFound(f"No decision '{decision_id[:60]}'.")
    return row


def basis_of(row: StoredDecision) -> Basis:
    """What a pick, a recommendation or a route was made from.

    Raises msgspec.ValidationError where a release of another shape wrote it.
    """
    basis = msgspec.convert(row.basis, Basis, strict=False)
    return replace(basis, features=replace(basis.features, task=row.task))


def trial_of(row: StoredDecision) -> Trial | None:
    """What was drawn where another model than the leader might have been tried; None where nothing was.

    Raises msgspec.ValidationError where a release of another shape wrote it.
    """
    kept = row.outcome.get("trial")
    return None if kept is None else msgspec.convert(kept, Trial)


def _concerns(row: StoredDecision, actor: Actor) -> bool:
    is_owner = row.user_id is None or row.user_id == actor.user_id
    return is_owner or "catalog:admin" in actor.scopes


def _outcome(choice: Choice) -> dict[str, Any]:
    """What was shown: the first few candidates with their parts, and what was removed."""
    return {
        "candidate_count": len(choice.ranked),
        "ranked": msgspec.to_builtins(choice.ranked[: RUNNERS_UP_KEPT + 1]),
        "removals": msgspec.to_builtins(choice.removals),
    }


def _trial(trial: Trial | None) -> dict[str, Any]:
    return {} if trial is None else {"trial": msgspec.to_builtins(trial)}


def _explored(row: StoredDecision, trial: Trial) -> ExploredPick:
    return ExploredPick(
        decision_id=row.pk,
        made_at=row.made_at,
        user_id=row.user_id or 0,  # nobody in particular tries anything
        kind=row.kind,
        category=row.category,
        model_id=trial.drawn_id,
        leader_id=trial.leader_id,
        behind_points=trial.behind_points,
        extra_nano_usd=trial.extra_nano_usd,
    )


def _prune_anonymous() -> None:
    newest_first = StoredDecision.objects.filter(user_id=None).order_by("-made_at").values_list("pk", flat=True)
    surplus = list(newest_first[ANONYMOUS_KEPT : ANONYMOUS_KEPT + _MOST_PRUNED])
    StoredDecision.objects.filter(pk__in=surplus).only("pk").delete()


# --- as tokens -----------------------------------------------------------------------------------


def to_token(decision: Decision, basis: Basis) -> str:
    """The decision's id where no row is written: the question itself, packed."""
    features, limits = basis.features, basis.limits
    question = Question(
        decision.kind,
        decision.catalog_revision,
        decision.policy_version,
        decision.adjustment_revision,
        features.category,
        limits.budget,
        basis.count,
        basis.preference,
        features.required_capabilities,
        features.min_context_tokens,
        features.context_tags,
        tuple(sorted(limits.exclude)),
    )
    return _TOKEN_MARK + base64.urlsafe_b64encode(msgspec.msgpack.encode(question)).decode().rstrip("=")


def is_token(decision_id: str) -> bool:
    """Whether this id is a packed question instead of a row's."""
    return decision_id.startswith(_TOKEN_MARK)


def read_token(token: str) -> Question:
    """What the token says. Raises NotFound for one that this site did not make."""
    refusal = NotFound("This is no decision of this site.")
    if len(token) > _MAX_TOKEN_CHARS:
        raise refusal
    packed = token.removeprefix(_TOKEN_MARK)
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        return msgspec.msgpack.decode(raw, type=Question)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise refusal from error
