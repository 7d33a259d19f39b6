"""Decisions as they are kept, and how they are made again.

Who is known, and every request with a body, gets a stored decision. An open GET writes nothing: its id is a
token that says itself what was asked and what was known, so that it can be made again just the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import msgspec

from catalog.queries import get_snapshot
from catalog.shapes import Budget, Category
from routing.adjustments import read_learned_at
from routing.desk import EMPTY_SNAPSHOT
from routing.features import given_category
from routing.filters import CAPABILITIES
from routing.learned import effective_tags
from routing.limits import SITE, read_limits_at
from routing.models import StoredDecision
from routing.policy import choose, make_board, rank, select
from routing.shapes import Choice, Decision, Features, Limits
from routing.thresholds import policy_of
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotFound

# A decision is shown with the beginning of its task; to choose again, the features are enough.
TASK_KEPT_CHARS: Final = 4000
RUNNERS_UP_KEPT: Final = 5
# Of decisions that nobody is known to have asked for, the newest so many are kept.
ANONYMOUS_KEPT: Final = 20_000
_PRUNE_EVERY: Final = 500
_TOKEN_MARK: Final = "q1_"  # noqa: S105  no secret: it tells a packed question from the id of a row
_MAX_TOKEN_CHARS: Final = 16_000


@dataclass(frozen=True, slots=True)
class Basis:
    """All that a choice was made from, beside the snapshot and the revision."""

    features: Features
    limits: Limits
    count: int = 1
    preference: int | None = None
    user_id: int | None = None  # whose ratings counted


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision made again from what was known then."""

    decision_id: str
    chosen_then: tuple[str, ...]  # empty for a token, which keeps the question alone
    chosen_now: tuple[str, ...]
    is_same: bool
    choice: Choice


_Number = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class _Question(msgspec.Struct, array_like=True, frozen=True):
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


def store_decision(decision: Decision, basis: Basis, *, actor: Actor, details: Mapping[str, Any] | None = None) -> str:
    """Keep the decision with what else is worth knowing of it, and return the id of its row."""
    features, choice = basis.features, decision.choice
    kept = replace(basis, features=replace(features, task=features.task[:TASK_KEPT_CHARS]))
    row = StoredDecision.objects.create(
        made_at=decision.made_at,
        kind=decision.kind,
        actor=actor.label,
        user_id=actor.user_id,
        key_id=actor.key_id,
        task=features.task[:TASK_KEPT_CHARS],
        task_sha256=hashlib.sha256(features.task.encode()).hexdigest(),
        category=features.category,
        budget=basis.limits.budget,
        chosen=list(decision.chosen),
        reason=choice.reason,
        catalog_revision=decision.catalog_revision,
        policy_version=decision.policy_version,
        adjustment_revision=decision.adjustment_revision,
        basis=msgspec.to_builtins(kept),
        outcome={**_outcome(choice), **(details or {})},
    )
    if actor.user_id is None and row.pk.int % _PRUNE_EVERY == 0:
        _prune_anonymous()
    return str(row.pk)


def to_token(decision: Decision, basis: Basis) -> str:
    """The decision's id where no row is written: the question itself, packed."""
    features, limits = basis.features, basis.limits
    question = _Question(
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


def replay(decision_id: str, *, actor: Actor) -> Replay:
    """Make the decision again from the stored snapshot, policy and adjustments.

    Raises NotFound for an id that means nothing, is somebody else's, or whose snapshot is not kept.
    """
    if decision_id.startswith(_TOKEN_MARK):
        return _replay_token(decision_id)
    row = get_stored(decision_id, actor=actor)
    basis = msgspec.convert(row.basis, Basis, strict=False)
    choice = _choose_again(basis, row.catalog_revision, row.policy_version, row.adjustment_revision)
    chosen = tuple(candidate.model_id for candidate in select(choice.ranked, basis.count))
    then = tuple(row.chosen)
    return Replay(decision_id, then, chosen, is_same=then == chosen, choice=choice)


def get_stored(decision_id: str, *, actor: Actor) -> StoredDecision:
    """The kept decision, for whom it concerns: its owner, an admin, or anybody where nobody is known to own it."""
    try:
        row = StoredDecision.objects.filter(pk=uuid.UUID(decision_id)).first()
    except ValueError:
        row = None
    if row is None or not _concerns(row, actor):
        raise NotFound(f"No decision '{decision_id[:60]}'.")
    return row


def _concerns(row: StoredDecision, actor: Actor) -> bool:
    is_owner = row.user_id is None or row.user_id == actor.user_id
    return is_owner or "catalog:admin" in actor.scopes


def _choose_again(basis: Basis, catalog_revision: int, policy_version: str, adjustment_revision: int) -> Choice:
    policy = policy_of(policy_version.split("/", 1)[0])
    snapshot = get_snapshot(catalog_revision) if catalog_revision else EMPTY_SNAPSHOT
    learned = read_learned_at(adjustment_revision, basis.user_id)
    features = basis.features
    board = make_board(snapshot, features.category, effective_tags(features.context_tags, learned), learned, policy)
    ranking = rank(board, features, basis.limits, policy, basis.preference)
    return choose(features, basis.limits, ranking, basis.preference)


def _replay_token(token: str) -> Replay:
    question = _read_token(token)
    kept = read_limits_at(question.adjustment_revision, (SITE,))
    features = Features(
        task="",
        classification=given_category(question.category),
        category=question.category,
        is_category_given=True,
        context_tags=question.context_tags,
        required_capabilities=tuple(name for name in question.required_capabilities if name in CAPABILITIES),
        min_context_tokens=question.min_context_tokens,
    )
    basis = Basis(
        features=features,
        limits=replace(kept, budget=question.budget, exclude=frozenset(question.exclude)),
        count=question.count,
        preference=question.preference,
    )
    choice = _choose_again(basis, question.catalog_revision, question.policy_version, question.adjustment_revision)
    chosen = tuple(candidate.model_id for candidate in select(choice.ranked, basis.count))
    return Replay(token, (), chosen, is_same=True, choice=choice)


def _read_token(token: str) -> _Question:
    """What the token says. Raises NotFound for one that this site did not make."""
    refusal = NotFound("This is no decision of this site.")
    if len(token) > _MAX_TOKEN_CHARS:
        raise refusal
    packed = token.removeprefix(_TOKEN_MARK)
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        return msgspec.msgpack.decode(raw, type=_Question)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise refusal from error


def _outcome(choice: Choice) -> dict[str, Any]:
    """What was shown: the first few candidates with their parts, and what was removed."""
    return {
        "candidate_count": len(choice.ranked),
        "ranked": msgspec.to_builtins(choice.ranked[: RUNNERS_UP_KEPT + 1]),
        "removals": msgspec.to_builtins(choice.removals),
    }


def _prune_anonymous() -> None:
    anonymous = StoredDecision.objects.filter(user_id=None).order_by("-made_at")
    oldest_kept = anonymous.values_list("made_at", flat=True)[ANONYMOUS_KEPT : ANONYMOUS_KEPT + 1].first()
    if oldest_kept is not None:
        anonymous.filter(made_at__lte=oldest_kept).delete()
