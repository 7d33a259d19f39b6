"""What a change would have meant for the newest decisions: rules, limits, an override, or another snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from catalog.preview import preview_accepted, preview_override, preview_removal
from catalog.queries import KeptRevision, find_current_snapshot, get_snapshot, list_kept_revisions
from catalog.shapes import Override, Snapshot, Source
from routing.adjustments import Mark, find_mark, read_learned_of
from routing.desk import EMPTY_SNAPSHOT, Desk
from routing.learned import Learned
from routing.limits import SITE, read_limits_by_scope
from routing.limits_merging import merge_limits
from routing.past_decisions import list_past
from routing.route_policy import RouteRules
from routing.route_rules import current_rules
from routing.shapes import Limits
from routing.time_machine import Comparison, PastDecision, World, compare
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotFound

# A person waits for the answer, and a worker of the web server with it.
TIME_LIMIT_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Today:
    """The newest decisions, and the world as it is."""

    past: tuple[PastDecision, ...]
    world: World
    limits: Mapping[str, Limits]  # what each scope holds by itself


def what_if_rules(rules: RouteRules, *, actor: Actor, count: int) -> Comparison:
    """The newest decisions under these rules, beside those that hold."""
    today = _today(actor, count)
    return _compare(today, replace(today.world, rules=rules))


def what_if_limits(limits: Limits, *, scope: str, actor: Actor, count: int) -> Comparison:
    """The newest decisions with these limits of one scope, beside those that hold."""
    today = _today(actor, count)
    return _compare(today, replace(today.world, limits_of=_limits_of({**today.limits, scope: limits})))


def what_if_override(override: Override, *, actor: Actor, count: int) -> Comparison:
    """The newest decisions with this override counted, beside the catalogue in use.

    Raises InvalidParam for what could not be saved, SourceFault where no data is held to build from.
    """
    return what_if_catalogue(preview_override(override), actor=actor, count=count)


def what_if_removed(override: Override, *, actor: Actor, count: int) -> Comparison:
    """The newest decisions without this override, beside the catalogue in use."""
    return what_if_catalogue(preview_removal(override), actor=actor, count=count)


def what_if_believed(source: Source, *, actor: Actor, count: int) -> Comparison:
    """The newest decisions with the answer of a source that was held back, beside the catalogue in use.

    Raises NotFound where none is held back any more.
    """
    return what_if_catalogue(preview_accepted(source), actor=actor, count=count)


def what_if_catalogue(snapshot: Snapshot, *, actor: Actor, count: int) -> Comparison:
    """The newest decisions on this catalogue, beside the one in use."""
    today = _today(actor, count)
    return _compare(today, replace(today.world, ranker=Desk(snapshot)))


def choose_revisions(
    *, before: int | None, after: int | None, kept: Sequence[KeptRevision] | None = None
) -> tuple[int, int]:
    """The two snapshots to compare: the newest and the one before it, as far as none is named.

    Where there is only one, it stands for both. Raises NotFound before the first.
    """
    if before is not None and after is not None:
        return before, after
    revisions = [item.revision for item in (list_kept_revisions() if kept is None else kept)]
    if not revisions:
        raise NotFound("There is no snapshot yet.")
    after = revisions[0] if after is None else after
    earlier = next((revision for revision in revisions if revision < after), after)
    return (earlier if before is None else before), after


def compare_snapshots(*, before: int, after: int, actor: Actor, count: int) -> Comparison:
    """The newest decisions on two published catalogues, under the rules of today.

    Raises NotFound for a revision that is not kept.
    """
    current = find_current_snapshot()
    today = _today(actor, count, current)
    former, later = _desk_of(before, current), _desk_of(after, current)
    return _compare(replace(today, world=replace(today.world, ranker=former)), replace(today.world, ranker=later))


def _desk_of(revision: int, current: Snapshot | None) -> Desk:
    return Desk(current if current is not None and current.revision == revision else get_snapshot(revision))


def _today(actor: Actor, count: int, current: Snapshot | None = None) -> Today:
    mark, past = find_mark(), list_past(actor=actor, count=count)
    limits = read_limits_by_scope()
    world = World(
        # A desk of its own: what is tried out must not crowd out what is asked all the time.
        ranker=Desk(current or find_current_snapshot() or EMPTY_SNAPSHOT),
        rules=current_rules(mark),
        limits_of=_limits_of(limits),
        learned_of=_learned_of(mark, past),
    )
    return Today(past, world, limits)


def _limits_of(by_scope: Mapping[str, Limits]) -> Callable[[PastDecision], Limits]:
    """Whose limits hold for who asked: the site's, the person's and the key's."""

    @cache
    def merged(user_id: int | None, key_id: int | None) -> Limits:
        scopes = (SITE, f"user:{user_id}", f"key:{key_id}")
        return merge_limits(by_scope[scope] for scope in scopes if scope in by_scope)

    return lambda past: merged(past.user_id, past.key_id)


def _learned_of(mark: Mark, past: tuple[PastDecision, ...]) -> Callable[[PastDecision], Learned]:
    learned = read_learned_of(mark, {item.user_id for item in past})
    return lambda item: learned[item.user_id]


def _compare(today: Today, proposed: World) -> Comparison:
    deadline = time.monotonic() + TIME_LIMIT_S
    return compare(today.past, today.world, proposed, is_over=lambda: time.monotonic() > deadline)
