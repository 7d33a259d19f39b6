"""Whether a listed model whose name agrees is also the same checkpoint: stage, date, thinking, maker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from catalog.matching import words
from catalog.matching.dates import DateMark, mark_of
from catalog.matching.efforts import Thinking
from catalog.matching.listing import Key, Listed
from catalog.matching.reading import Reading

# How much of the certainty remains after each liberty taken; measured on the hand-checked set in the tests.
_THOUGHT_SET_ASIDE: Final = 0.995
_PREVIEW_ASSUMED: Final = 0.93
_LATEST_ASSUMED: Final = 0.97
_PREVIEW_OF_ITS_DATE: Final = 0.97
_DATE_NEAR_LISTING: Final = 0.97
_DATE_UNTESTED: Final = 0.88
_DATE_FROM_RELEASE: Final = 0.95
_INSTRUCT_ASSUMED: Final = 0.985

# Google serves models as previews for most of their life, and leaderboards leave the word out. With
# others the release is another checkpoint: Hy3 is not Hy3 preview.
_LASTING_PREVIEWS: Final = frozenset({"google"})


@dataclass(frozen=True, slots=True)
class Liberty:
    """One difference that was judged not to matter: how far it ranks a fit down, and what to say of it."""

    rank: int = 0
    certainty: float = 1.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """A listed model that a name can mean; the lowest rank fits best."""

    listed: Listed
    reading: Reading
    key: Key
    liberties: tuple[Liberty, ...]

    @property
    def rank(self) -> tuple[int, ...]:
        return tuple(liberty.rank for liberty in self.liberties)

    @property
    def date_rank(self) -> int:
        """How far the dates agree; judged last."""
        return self.rank[-1]


@dataclass(frozen=True, slots=True)
class Misfit:
    """A listed model of that name which the source's model is not, and why."""

    listed: Listed
    reason: str


_SAME: Final = Liberty()


def fit(reading: Reading, key: Key, *, released_on: date | None = None, is_weights: bool = False) -> Fit | Misfit:
    """How well the name fits this listing, or why it does not.

    ``is_weights`` says that the source measures published weights, tuned or not as the name says.
    """
    dates = _fit_dates(reading, key, released_on)
    judged = (
        _fit_lineage(reading, key),
        _fit_thinking(reading, key),
        _fit_stages(reading, key.listed, is_date_said=isinstance(dates, Liberty) and dates.rank == 0),
        _fit_instruct(reading, key, is_weights=is_weights),
        dates,
    )
    liberties = []
    for judgement in judged:
        if isinstance(judgement, str):
            return Misfit(key.listed, judgement)
        liberties.append(judgement)
    return Fit(key.listed, reading, key, tuple(liberties))


def _fit_lineage(reading: Reading, key: Key) -> Liberty | str:
    """What a fine-tune was tuned from may be left out, but not differ."""
    if not (reading.is_lineage_dropped and key.reading.is_lineage_dropped):
        return _SAME
    ours, theirs = reading.lineage.split(), key.reading.lineage.split()
    if ours[0] == theirs[0] and (len(ours) == 1 or len(theirs) == 1 or ours == theirs):
        return _SAME
    return f"{key.listed.model_id} was tuned from {key.reading.lineage}, this one from {reading.lineage}"


def _fit_thinking(reading: Reading, key: Key) -> Liberty | str:
    """A listing of its own for thinking (or for not thinking) takes the names that say so, and no others."""
    listed, said = key.listed, reading.thinking
    if not _can_set(listed, reading.bare_levels):
        return f"{listed.model_id} has no effort {_quoted(reading.bare_levels)}, so this is another model"
    if said in listed.thinkings:
        return _SAME
    if Thinking.UNSAID not in listed.thinkings:
        other = "thinks" if Thinking.ON in listed.thinkings else "does not think"
        return f"{listed.model_id} is the variant that {other}; the name does not say so"
    if said is Thinking.ON and listed.can_think is False:
        return f"{listed.model_id} does not think before it answers, and this row was measured thinking"
    return Liberty(1, _THOUGHT_SET_ASIDE)


def _can_set(listed: Listed, levels: frozenset[str]) -> bool:
    """Whether a word that may be an effort ("high", "max") can be one of this model."""
    if not levels:
        return True
    return listed.can_think is not False and (
        words.MAX not in levels or not listed.levels or words.MAX in listed.levels
    )


def _fit_stages(reading: Reading, listed: Listed, *, is_date_said: bool) -> Liberty | str:
    """A preview is the release only where the catalogue lists nothing else under this name or date."""
    if reading.stages in (listed.slug.stages, listed.title.stages):
        return _SAME
    stages = listed.slug.stages | listed.title.stages
    extra, missing = reading.stages - stages, stages - reading.stages
    if extra == {words.LATEST} and words.CHAT in reading.words and not missing:
        return Liberty(1, _LATEST_ASSUMED, "'latest' set aside")
    if extra and not (extra <= words.UNFINISHED and reading.dates and is_date_said):
        return f"the name says {_quoted(extra)}, which {listed.model_id} is not"
    if missing and not (missing == {words.PREVIEW} and listed.maker in _LASTING_PREVIEWS):
        return f"{listed.model_id} is {_quoted(missing)}, which the name does not say"
    if missing:
        return Liberty(2, _PREVIEW_ASSUMED, f"only the {' '.join(sorted(missing))} is listed")
    return Liberty(1, _PREVIEW_OF_ITS_DATE, f"{_quoted(extra)} set aside because the date agrees")


def _fit_instruct(reading: Reading, key: Key, *, is_weights: bool) -> Liberty | str:
    """Hosted open weights are the instruction-tuned ones, said or not; published ones are what they say."""
    listed = key.listed
    if reading.is_instruct == key.reading.is_instruct:
        return _SAME
    if is_weights and not reading.is_instruct:
        return f"{listed.model_id} is tuned to follow instructions, and these weights are not"
    if not (is_weights or listed.is_open_weights):
        return f"'instruct' is another model than {listed.model_id}"
    return Liberty(1, _INSTRUCT_ASSUMED)


def _fit_dates(reading: Reading, key: Key, released_on: date | None) -> Liberty | str:
    """A dated name needs that date in the catalogue; an undated one needs a listing without a date."""
    listed = key.listed
    if reading.dates:
        judged = [_fit_date(mark, listed) for mark in reading.dates]
        failed = next((judgement for judgement in judged if isinstance(judgement, str)), None)
        return failed or max((one for one in judged if isinstance(one, Liberty)), key=lambda one: one.rank)
    if not key.is_dated:
        return _SAME
    said = listed.said_dates[0]
    if released_on and mark_of(released_on).agrees_with(said, year=_year(listed)):
        return Liberty(3, _DATE_FROM_RELEASE, f"released on the date of the listed checkpoint, {said}")
    return f"{listed.model_id} is the checkpoint of {said}, and the name gives no date"


def _fit_date(mark: DateMark, listed: Listed) -> Liberty | str:
    """The catalogue's own word on the checkpoint decides; then its stamps; then the day of the listing."""
    year = listed.listed_on.year if listed.listed_on else None
    if any(mark.agrees_with(other, year=year) for other in listed.said_dates or listed.stamped_dates):
        return Liberty(0, 1.0, f"checkpoint {mark}")
    if listed.said_dates:
        return f"the name is of the checkpoint {mark}, and {listed.model_id} is that of {listed.said_dates[0]}"
    days = [day for day in (listed.listed_on, *(stamp.as_day() for stamp in listed.stamped_dates)) if day]
    if any(mark.precedes_listing(day) for day in days):
        rank = 1 if any(mark.is_on(day) for day in days) else 2
        return Liberty(rank, _DATE_NEAR_LISTING, f"checkpoint {mark}, listed on {listed.listed_on}")
    if listed.has_doubtful_dates and mark.day:
        return Liberty(3, _DATE_UNTESTED, f"checkpoint {mark}, which the catalogue's contradictory dates cannot tell")
    on = f", listed on {listed.listed_on}," if listed.listed_on else ""
    return f"the name is of the checkpoint {mark}, and {listed.model_id}{on} is another"


def _year(listed: Listed) -> int | None:
    return listed.listed_on.year if listed.listed_on else None


def _quoted(texts: frozenset[str]) -> str:
    return " and ".join(f"'{text}'" for text in sorted(texts))
