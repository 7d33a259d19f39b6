"""What the pages and the API of spend accept: which days, whose, divided by what, narrowed down to what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from rest_framework import serializers

from catalog.shapes import Category
from feedback.spend.shapes import NO_VALUE, Look, Range
from runs.shapes import CallStatus, Mode, Purpose
from runs.spend.shapes import Dimension, LineCursor, Period, Slice
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import InvalidParam, MissingParam, NotAllowed, NotSignedIn

# Two years and a leap day, to be held against the two before: beyond, a page would be slow and say little.
MOST_DAYS: Final = 731
# Narrowed down, the totals of every combination are read, which are many: more than two months would take too long.
MOST_NARROWED_DAYS: Final = 62
EARLIEST: Final = date(2020, 1, 1)
LONGEST_VALUE: Final = 200
MOST_LINES: Final = 500
_DAYS_OF: Final = {Range.TODAY: 1, Range.WEEK: 7, Range.MONTH: 30, Range.QUARTER: 90, Range.YEAR: 365}
_NUMBERED: Final = (Dimension.USER, Dimension.KEY)
_WORDS_OF: Final[Mapping[Dimension, frozenset[str]]] = {
    Dimension.CATEGORY: frozenset({*(item.value for item in Category), ""}),
    Dimension.MODE: frozenset({*(item.value for item in Mode), "chat", ""}),
    Dimension.PURPOSE: frozenset(item.value for item in Purpose),
    Dimension.STATUS: frozenset(item.value for item in CallStatus),
}
_LOOK_FIELDS: Final = frozenset({"range", "from", "to", "by", "simulated", *(item.value for item in Dimension)})
_Word = TypeVar("_Word", bound=StrEnum)
_OFF: Final = ("", "off", "false", "0")
_ON: Final = ("on", "true", "1")


_RANGE_HELP: Final = (
    f"In whole days, UTC. Narrowed down by anything but a person or a key, at most {MOST_NARROWED_DAYS} days: more "
    "are refused, except for the list of calls."
)


class LookInput(serializers.Serializer[Look]):
    """GET /api/spend; for the document of the API. What reads it is ``read_look``."""

    range = serializers.ChoiceField(
        [item.value for item in Range], required=False, default=Range.MONTH.value, help_text=_RANGE_HELP
    )
    to = serializers.DateField(required=False, help_text="With from, in place of range; both days count.")
    by = serializers.ChoiceField([item.value for item in Dimension], required=False, default=Dimension.MODEL.value)
    simulated = serializers.BooleanField(required=False, help_text="Simulated calls alone, in place of real ones.")
    model = serializers.CharField(required=False, max_length=LONGEST_VALUE)
    category = serializers.CharField(required=False, help_text="'none': asked for without a kind of task.")
    mode = serializers.CharField(required=False)
    driver = serializers.CharField(required=False)
    provider = serializers.CharField(required=False)
    key = serializers.CharField(required=False, help_text="A key's number; 'none': signed in.")
    user = serializers.CharField(required=False, help_text="A person's number; others than oneself for admins.")
    purpose = serializers.ChoiceField([item.value for item in Purpose], required=False)
    status = serializers.ChoiceField([item.value for item in CallStatus], required=False)

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]  # as DRF has it
        """With ``from``, which Python keeps for itself."""
        since = serializers.DateField(required=False, help_text="With to, in place of range.")
        return {**super().get_fields(), "from": since}


def read_look(query: Mapping[str, str], actor: Actor, today: date, *, also: Iterable[str] = ()) -> Look:
    """Whose spend is looked at, over which days and divided by what.

    Raises InvalidParam for what is no such thing, NotAllowed for somebody else's spend.
    """
    if unknown := sorted(set(query) - _LOOK_FIELDS - set(also)):
        raise InvalidParam(f"{unknown[0][:40]}: there is no such parameter. Use: {', '.join(sorted(_LOOK_FIELDS))}.")
    sees_all = Scope.RUNS_ADMIN in actor.scopes
    named, period = _days(query, today)
    by = _word(Dimension, query.get("by") or Dimension.MODEL.value, "by")
    if by is Dimension.USER and not sees_all:
        raise NotAllowed("Only admins see spend by person. Yours alone can be divided by the other dimensions.")
    filters = {item: _value(item, query[item.value]) for item in Dimension if query.get(item.value)}
    user_id = _whose(filters.pop(Dimension.USER, None), actor, sees_all=sees_all)
    nobodys = ((Dimension.USER, "0"),) if user_id == 0 else ()
    part = Slice(
        user_id=user_id or None,
        filters=(*nobodys, *filters.items()),
        is_simulated=_switch(query.get("simulated", "")),
    )
    return Look(part=part, period=period, range=named, by=by, is_everybodys=sees_all)


def check_width(look: Look) -> None:
    """Raises InvalidParam for so many days narrowed down by what is found by looking at all of them."""
    if is_too_wide(look):
        raise InvalidParam(
            f"Narrowed down like this, at most {MOST_NARROWED_DAYS} days can be looked at together. Choose fewer days, "
            "or narrow down to a key as well; whole persons and the list of calls have no such limit."
        )


def is_too_wide(look: Look) -> bool:
    """Whether an answer would have to be looked for in too many totals."""
    most = most_days(look)
    return most is not None and look.period.day_count > most


def most_days(look: Look) -> int | None:
    """How many days of this part can be looked at together; None: any range. The totals of one key are few."""
    has_key = any(item is Dimension.KEY and value != "0" for item, value in look.part.filters)
    return MOST_NARROWED_DAYS if look.part.filters and not has_key else None


def read_cursor(text: str) -> LineCursor | None:
    """After which line to go on: the ``after`` of the page before."""
    if not text:
        return None
    day, _, number = text.partition("_")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        raise InvalidParam("after: give the value that came with the page before.")
    return LineCursor(_date(day, "after"), int(number))


def read_model(text: str) -> str:
    """A model named to be compared with; empty where none is."""
    if len(text) > LONGEST_VALUE:
        raise InvalidParam(f"baseline: a model's id has at most {LONGEST_VALUE} letters.")
    return text.strip()


def _days(query: Mapping[str, str], today: date) -> tuple[Range, Period]:
    given = query.get("from", ""), query.get("to", "")
    named = _word(Range, query.get("range") or (Range.CUSTOM if any(given) else Range.MONTH), "range")
    if named is Range.CUSTOM:
        return named, _custom(*given, today=today)
    if named is Range.THIS_MONTH:
        return named, Period(today.replace(day=1), today)
    return named, Period(today - timedelta(days=_DAYS_OF[named] - 1), today)


def _custom(since: str, until: str, *, today: date) -> Period:
    if not since or not until:
        raise MissingParam("from and to: give both days, as YYYY-MM-DD.")
    first, last = _date(since, "from"), min(_date(until, "to"), today)
    if first > last:
        raise InvalidParam("from: this day lies after the last one (to), or in the future.")
    if (last - first).days >= MOST_DAYS:
        raise InvalidParam(f"from: at most {MOST_DAYS} days can be looked at together.")
    return Period(first, last)


def _date(text: str, name: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidParam(f"{name}: {text[:20]!r} is no day. Write it as YYYY-MM-DD.") from error
    if not EARLIEST <= found <= date(2100, 1, 1):
        raise InvalidParam(f"{name}: there is no ledger from {found.year}.")
    return found


def _value(dimension: Dimension, text: str) -> str:
    value = "" if text == NO_VALUE else text
    if len(value) > LONGEST_VALUE or "\x00" in value:
        raise InvalidParam(f"{dimension}: at most {LONGEST_VALUE} letters.")
    if dimension in _NUMBERED:
        number = value or "0"
        if not (number.isascii() and number.isdigit() and len(number) < 18):
            raise InvalidParam(f"{dimension}: its number, or '{NO_VALUE}'.")
        return str(int(number))
    words = _WORDS_OF.get(dimension)
    if words is not None and value not in words:
        raise InvalidParam(f"{dimension}: use one of {', '.join(sorted(word or NO_VALUE for word in words))}.")
    return value


def _whose(wanted: str | None, actor: Actor, *, sees_all: bool) -> int | None:
    """The person whose spend is meant; None for everybody, 0 for nobody in particular."""
    if sees_all:
        return None if wanted is None else int(wanted)
    if actor.user_id is None:
        raise NotSignedIn("Spend belongs to people: sign in, or use a key of your own.")
    if wanted not in (None, str(actor.user_id)):
        raise NotAllowed("user: only admins see what others spent.")
    return actor.user_id


def _switch(text: str) -> bool:
    if text.lower() not in (*_ON, *_OFF):
        raise InvalidParam("simulated: 'on' or 'off'.")
    return text.lower() in _ON


def _word(kind: type[_Word], text: str, name: str) -> _Word:
    words = [item.value for item in kind]
    if text not in words:
        raise InvalidParam(f"{name}: use one of {', '.join(words)}.")
    return kind(text)


def read_limit(text: str, default: int) -> int:
    """How many lines at once."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_LINES):
        raise InvalidParam(f"limit: a whole number from 1 to {MOST_LINES}.")
    return int(text)
