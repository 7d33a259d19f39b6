"""Making a community's scores count: counted up here, fetched or imported, and published for everybody's choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from catalog.shapes import Category
from feedback.community.aggregation import COUNTED_FOR, LEAST_REPORTERS, count_up, join, least_reporters
from feedback.community.models import BallotRow, CommunityScoreRow, CommunitySite
from feedback.community.shapes import Aggregate, Ballot, CommunityScore
from feedback.learning import decay, week_of
from routing.adjustments import publish
from routing.shapes import Adjustment, Evidence
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, InvalidParam, NotFound

_SITE: Final = 1
# Each is somebody whose numbers an admin chose to believe; a dozen of them is no longer a choice.
MOST_PUBLISHERS: Final = 10
_DIGITS: Final = 3
_BALLOT: Final = (
    *("model_id", "category", "instance", "network", "month"),
    *("score_sum", "rating_count", "last_at"),
)


def community_site() -> CommunitySite:
    """How this site takes part."""
    site, _ = CommunitySite.objects.get_or_create(pk=_SITE)
    return site


def is_server(site: CommunitySite | None = None) -> bool:
    """Whether this site collects reports: as the environment says, else as an admin switched it."""
    if settings.COMMUNITY_SERVER is not None:
        return bool(settings.COMMUNITY_SERVER)
    return (site or community_site()).is_server


def recount(now: datetime | None = None) -> int:
    """Count this site's own votes up and make them count; how many scores there are.

    A score that is told already stays as it is until as many networks have reported on it since as the first one
    needed: whoever compares it before and after learns no more of a single voice than from the first.
    """
    now = now or timezone.now()
    scores = list(_own_scores(now)) if is_server() else []
    with transaction.atomic():
        site = lock_site()
        own = CommunityScoreRow.objects.filter(publisher=site.publisher)
        there = {(score.model_id, str(score.category)) for score in scores}
        resting = _resting(own)
        kept = {place: resting[place] for place in resting.keys() & there}
        own.exclude(pk__in=kept.values()).delete()
        changed = tuple(score for score in scores if (score.model_id, str(score.category)) not in kept)
        rows = _rows(Aggregate(site.publisher, now, changed), is_imported=False)
        CommunityScoreRow.objects.bulk_create(rows, batch_size=200)
        republish(now)
    return len(scores)


def _resting(own: QuerySet[CommunityScoreRow]) -> dict[tuple[str, str], int]:
    """The rows of models and categories on which too few networks have reported since their score was made."""
    found = {}
    for row in own:
        since = BallotRow.objects.filter(model_id=row.model_id, category=row.category, last_at__gt=row.published_at)
        if least_reporters(since.order_by().values_list("month", "network").distinct()) < LEAST_REPORTERS:
            found[row.model_id, row.category] = row.pk
    return found


def republish(now: datetime | None = None) -> None:
    """Publish what all publishers say together, or nothing while this site lets it not count.

    Call inside the transaction that changed it, behind ``lock_site``.
    """
    scores = joined_scores(now) if community_site().is_counting else ()
    publish([_to_adjustment(score) for score in scores], is_whole=(Evidence.COMMUNITY,))


def joined_scores(now: datetime | None = None) -> tuple[CommunityScore, ...]:
    """What all publishers say, one score for each model and category; older words weigh less."""
    return join_rows(score_rows(), now)


def score_rows() -> tuple[CommunityScoreRow, ...]:
    """What each publisher says."""
    return tuple(CommunityScoreRow.objects.order_by("pk"))


def join_rows(rows: Iterable[CommunityScoreRow], now: datetime | None = None) -> tuple[CommunityScore, ...]:
    """One score for each model and category from what publishers say; what is too old counts no more."""
    as_of = week_of(now or timezone.now())  # so that what is published rests between Mondays
    fresh = (row for row in rows if row.published_at >= as_of - COUNTED_FOR)
    return join(_to_score(row, decay(as_of - row.published_at)) for row in fresh)


def lock_site() -> CommunitySite:
    """Be the only one who changes what the community's scores are, until the transaction ends."""
    community_site()
    return CommunitySite.objects.select_for_update().get(pk=_SITE)


def keep_aggregate(*, aggregate: Aggregate, actor: Actor, is_imported: bool) -> None:
    """Put what this publisher says in place of what it said before, and let it count.

    A publisher's id is written by whoever made the scores, so it is believed only where they come from: files take
    the place of files alone, and what the community server says that of all it said before, under whatever id.

    Raises InvalidParam for this site's own scores, Conflict for older ones than are held, for a publisher whose scores
    came the other way, and for too many publishers.
    """
    with transaction.atomic():
        site = lock_site()
        if aggregate.publisher == site.publisher:
            raise InvalidParam("These scores were made by this very site. It has them already.")
        _check_place(aggregate, is_imported=is_imported)
        if not is_imported:  # one server is one voice
            CommunityScoreRow.objects.filter(is_imported=False).exclude(publisher=site.publisher).delete()
        others = CommunityScoreRow.objects.exclude(publisher__in=[aggregate.publisher, site.publisher])
        if others.values("publisher").distinct().count() >= MOST_PUBLISHERS:
            raise Conflict(f"Scores of {MOST_PUBLISHERS} publishers are here. Remove one first.")
        _replace(aggregate, is_imported=is_imported)
        republish()
        record(
            actor=actor,
            action="community.import" if is_imported else "community.fetch",
            subject=f"publisher {aggregate.publisher}",
            after={"scores": len(aggregate.scores), "publishedAt": aggregate.published_at.isoformat()},
        )


def _check_place(aggregate: Aggregate, *, is_imported: bool) -> None:
    """Raise Conflict where these scores may not take the place of those held under their publisher's id."""
    newest = CommunityScoreRow.objects.filter(publisher=aggregate.publisher).order_by("-published_at").first()
    if newest is None:
        return
    if newest.is_imported and not is_imported:
        raise Conflict(
            f"The server speaks as publisher {aggregate.publisher}, whose scores came from a file. "
            "Remove those first if they are the same."
        )
    if is_imported and not newest.is_imported:
        raise Conflict("Scores of this publisher are fetched from the community server. Remove those first.")
    if newest.published_at > aggregate.published_at:
        raise Conflict(f"Newer scores of this publisher are here already, of {newest.published_at:%Y-%m-%d %H:%M}.")


def remove_publisher(*, publisher: UUID, actor: Actor) -> None:
    """Forget what this publisher says. Raises NotFound."""
    with transaction.atomic():
        lock_site()
        count, _ = CommunityScoreRow.objects.filter(publisher=publisher).delete()
        if not count:
            raise NotFound(f"There are no scores of publisher {publisher}.")
        republish()
        record(actor=actor, action="community.remove", subject=f"publisher {publisher}", before={"scores": count})


def switch_site(*, actor: Actor, **switches: bool) -> None:
    """Set how this site takes part: ``is_server``, ``is_counting``, ``is_fetching``."""
    with transaction.atomic():
        site = lock_site()
        before = {name: getattr(site, name) for name in switches}
        if before == switches:
            return
        CommunitySite.objects.filter(pk=_SITE).update(**switches)
        record(actor=actor, action="community.switch", subject="community", before=before, after=switches)
        if "is_server" in switches:
            recount()
        republish()


def _own_scores(now: datetime) -> Iterator[CommunityScore]:
    """Model by model, so that the votes of a large community never stand in memory together."""
    fresh = BallotRow.objects.filter(last_at__gte=now - COUNTED_FOR)
    places = fresh.values("model_id", "category").annotate(count=Count("instance", distinct=True)).order_by()
    for place in places.filter(count__gte=LEAST_REPORTERS):
        rows = fresh.filter(model_id=place["model_id"], category=place["category"]).order_by("pk")
        yield from count_up((_ballot(row) for row in rows.values_list(*_BALLOT)), as_of=now)


def _ballot(row: tuple[object, ...]) -> Ballot:
    model_id, category, *rest = row
    return Ballot(model_id, Category(category), *rest)  # type: ignore[arg-type]  # the columns in the shape's order


def _replace(aggregate: Aggregate, *, is_imported: bool) -> None:
    CommunityScoreRow.objects.filter(publisher=aggregate.publisher).delete()
    CommunityScoreRow.objects.bulk_create(_rows(aggregate, is_imported=is_imported), batch_size=200)


def _rows(aggregate: Aggregate, *, is_imported: bool) -> Iterable[CommunityScoreRow]:
    for score in aggregate.scores:
        yield CommunityScoreRow(
            publisher=aggregate.publisher,
            is_imported=is_imported,
            published_at=aggregate.published_at,
            model_id=score.model_id,
            category=score.category,
            mean_score=score.mean_score,
            success_share=score.success_share,
            vote_weight=score.vote_weight,
            reporter_count=score.reporter_count,
            rating_count=score.rating_count,
            last_at=score.last_at,
        )


def _to_score(row: CommunityScoreRow, left_share: float = 1.0) -> CommunityScore:
    return CommunityScore(
        model_id=row.model_id,
        category=Category(row.category),
        mean_score=row.mean_score,
        success_share=row.success_share,
        vote_weight=row.vote_weight * left_share,
        reporter_count=row.reporter_count,
        rating_count=row.rating_count,
        last_at=row.last_at,
    )


def own_aggregate() -> Aggregate:
    """What this site itself has counted up, for others."""
    site = community_site()
    rows = list(CommunityScoreRow.objects.filter(publisher=site.publisher).order_by("model_id", "category"))
    made_at = max((row.published_at for row in rows), default=timezone.now())
    return Aggregate(site.publisher, made_at, tuple(map(_to_score, rows)))


def _to_adjustment(score: CommunityScore) -> Adjustment:
    return Adjustment(
        evidence=Evidence.COMMUNITY,
        model_id=score.model_id,
        category=score.category,
        success_share=round(score.success_share, _DIGITS),
        sample_count=round(score.vote_weight, _DIGITS),
        updated_at=score.last_at,
    )
