"""By what spend is looked at: the facets by which day totals are summed up further, so that a year reads quickly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from runs.ledger.windows import SITE, user_scope
from runs.shapes import CallStatus, Purpose

BETWEEN: Final = "|"  # stands in no word of ours; a model's id may hold one and comes last
# What a model did for the one who asked; judging, merging and looking up serve it.
ANSWERING: Final = frozenset(
    {Purpose.TASK, Purpose.ESCALATION, Purpose.STEP, Purpose.SECTION, Purpose.STAGE, Purpose.REFINE, Purpose.CHAT}
)


class Facet(StrEnum):
    """One way to look at spend."""

    ALL = "all"
    MODEL = "model"
    CATEGORY = "category"
    MODE = "mode"
    DRIVER = "driver"
    PROVIDER = "provider"
    KEY = "key"
    USER = "user"
    PURPOSE = "purpose"
    STATUS = "status"
    DEED = "deed"  # mode, category, purpose and status together: what a straight answer would have cost
    ANSWER = "answer"  # category and model of the calls that did the work: how good they were


class FacetKey(NamedTuple):
    """Where a day total is added to beside itself."""

    scope: str
    facet: str
    value: str


# The fields of a day total by which each facet sums; what stands in several is joined.
FACET_FIELDS: Final[Mapping[Facet, tuple[str, ...]]] = {
    Facet.ALL: (),
    Facet.MODEL: ("model_id",),
    Facet.CATEGORY: ("category",),
    Facet.MODE: ("mode",),
    Facet.DRIVER: ("driver",),
    Facet.PROVIDER: ("provider",),
    Facet.KEY: ("key_id",),
    Facet.USER: ("user_id",),
    Facet.PURPOSE: ("purpose",),
    Facet.STATUS: ("status",),
    Facet.DEED: ("mode", "category", "purpose", "status"),
    Facet.ANSWER: ("category", "model_id"),
}


def facet_keys(total: Mapping[str, object]) -> Iterator[FacetKey]:
    """Everywhere that a day total counts: by each facet, for the site and for its person."""
    user_id = total["user_id"]
    for facet, fields in FACET_FIELDS.items():
        if facet is Facet.ANSWER and not is_answer(str(total["purpose"]), str(total["status"])):
            continue
        value = join_value([total[field] for field in fields])
        yield FacetKey(SITE, facet.value, value)
        if isinstance(user_id, int) and user_id and facet is not Facet.USER:
            yield FacetKey(user_scope(user_id), facet.value, value)


def is_answer(purpose: str, status: str) -> bool:
    """Whether a call did what was asked for, and came back."""
    return purpose in ANSWERING and status == CallStatus.OK


def join_value(parts: Sequence[object]) -> str:
    """The value of a facet of several fields."""
    return BETWEEN.join(map(str, parts))


@lru_cache(maxsize=4096)  # a look over a year meets a few hundred of them, each many times
def split_value(facet: Facet, value: str) -> tuple[str, ...]:
    """The fields that a value of this facet was joined from."""
    return tuple(value.split(BETWEEN, len(FACET_FIELDS[facet]) - 1)) if FACET_FIELDS[facet] else ()
