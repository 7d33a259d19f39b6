"""What the faces of feedback accept: one reader for JSON bodies and forms, in the ancestor's words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar
from uuid import UUID

from rest_framework import serializers

from catalog.shapes import Budget, Category
from feedback.shapes import SAID_BY_HAND, OutcomeNote, Reason, Said, SpawnMode, SpawnNote, Subject, Verdict
from routing.decisions import is_token
from routing.inputs import clean_text, read_ids, read_tags
from smartspawn.lib.errors import InvalidBody, InvalidParam, NotFound

LONGEST_WORD: Final = 40
MOST_DAYS: Final = 365
MOST_SAMPLES: Final = 1000
_Word = TypeVar("_Word", bound=StrEnum)
_CATEGORIES: Final = [category.value for category in Category]
_DECISION_ABOUT: Final = "The decisionId of the pick or chat that chose the model, as it was answered."


class SpawnLogInput(serializers.Serializer[SpawnNote]):
    """POST /api/spawn-log; for the document of the API."""

    model = serializers.CharField(max_length=200)
    category = serializers.ChoiceField(choices=_CATEGORIES)
    budget = serializers.ChoiceField(choices=[item.value for item in Budget], required=False, default="medium")
    mode = serializers.ChoiceField(choices=[item.value for item in SpawnMode], required=False, default="single")
    role = serializers.CharField(max_length=LONGEST_WORD, required=False, default="primary")
    source = serializers.CharField(  # type: ignore[assignment]  # DRF moves fields away from its own attribute
        max_length=LONGEST_WORD, required=False, default="api"
    )
    context = serializers.CharField(  # type: ignore[assignment]  # as above
        required=False, help_text="Tags such as typescript or react, separated by commas."
    )
    decisionId = serializers.CharField(required=False, help_text=_DECISION_ABOUT)  # noqa: N815 - the wire's name


class OutcomeInput(serializers.Serializer[OutcomeNote]):
    """POST /api/spawn-log/outcome; for the document of the API."""

    model = serializers.CharField(max_length=200)
    category = serializers.ChoiceField(choices=_CATEGORIES)
    rating = serializers.IntegerField(min_value=1, max_value=5)
    context = serializers.CharField(required=False)  # type: ignore[assignment]  # as above
    decisionId = serializers.CharField(required=False, help_text=_DECISION_ABOUT)  # noqa: N815 - the wire's name


class RatingInput(serializers.Serializer[Said]):
    """POST /api/ratings; for the document of the API."""

    run = serializers.UUIDField(required=False, help_text="A run that has ended; with node, one node of it.")
    node = serializers.CharField(max_length=60, required=False)
    spawn = serializers.IntegerField(required=False, help_text="A logged spawn, in place of a run.")
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False)
    verdict = serializers.ChoiceField(choices=[*SAID_BY_HAND, Verdict.SET_ASIDE], required=False)
    reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=[item.value for item in Reason]), required=False
    )


def read_spawn(body: object) -> SpawnNote:
    """The work that is reported. Raises InvalidBody for what is missing, InvalidParam for what is wrong."""
    values = _object(body)
    model_id, category = _model_and_category(values)
    return SpawnNote(
        model_id=model_id,
        category=category,
        budget=_one_of(Budget, values.get("budget"), "budget", Budget.MEDIUM),
        mode=_one_of(SpawnMode, values.get("mode"), "mode", SpawnMode.SINGLE),
        role=_short(values.get("role"), "role") or "primary",
        source=_short(values.get("source"), "source") or "api",
        context_tags=read_tags(values.get("context")),
        decision_id=_decision(values.get("decisionId")),
    )


def read_outcome(body: object) -> OutcomeNote:
    """The outcome that is reported."""
    values = _object(body)
    model_id, category = _model_and_category(values)
    if values.get("rating") is None:
        raise InvalidBody("model, category and rating are required")
    return OutcomeNote(
        model_id,
        category,
        read_score(values["rating"]),
        read_tags(values.get("context")),
        _decision(values.get("decisionId")),
    )


def read_score(value: object) -> int:
    """A rating from 1 to 5: a number, of which halves go up as they did in the ancestor."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 1 <= value <= 5:  # type: ignore[operator, arg-type]  # a number here
        raise InvalidParam("rating must be a number from 1 to 5")
    return math.floor(value + 0.5)  # type: ignore[operator]  # a number, as above


def read_said(values: Mapping[str, Any]) -> Said:
    """What is said of a piece of work; a form's texts are taken as numbers where they are."""
    rating = values.get("rating")
    if isinstance(rating, str):  # a form
        if rating not in {"", "1", "2", "3", "4", "5"}:
            raise InvalidParam("rating must be a number from 1 to 5")
        rating = int(rating) if rating else None
    verdict = values.get("verdict") or None
    reasons = values.get("reasons") or []
    if not isinstance(reasons, list) or len(reasons) > len(Reason):
        raise InvalidParam(f"reasons must be a list of: {', '.join(Reason)}")
    allowed = {*SAID_BY_HAND, Verdict.SET_ASIDE}
    if verdict is not None and verdict not in allowed:
        raise InvalidParam(f"verdict must be one of: {', '.join(sorted(allowed))}")
    return Said(
        None if rating is None else read_score(rating),
        Verdict(verdict) if verdict else None,
        tuple(dict.fromkeys(_one_of(Reason, word, "reasons", None) for word in reasons)),
    )


def read_rating(body: object) -> tuple[Subject, Said]:
    """What is rated, and what is said of it."""
    values = _object(body)
    if isinstance(values.get("rating"), str):  # a form has texts alone; a program that sends one has made a slip
        raise InvalidParam("rating must be a number from 1 to 5")
    return read_subject(values), read_said(values)


def read_subject(values: Mapping[str, Any]) -> Subject:
    """A run, one of its nodes, or a logged spawn."""
    run, node, spawn = (values.get(name) or None for name in ("run", "node", "spawn"))
    if (run is None) == (spawn is None):
        raise InvalidParam("Say what is rated: either run (and node), or spawn.")
    if spawn is not None:
        if node is not None:
            raise InvalidParam("node goes with run.")
        return Subject(spawn_id=read_id(spawn))
    return Subject(_uuid(run), _short(node, "node", longest=60))


def read_subject_key(text: str) -> Subject:
    """A subject in the form in which pages carry it: ``run:<id>`` or ``node:<id>:<key>`` or ``spawn:<n>``."""
    kind, _, rest = text.partition(":")
    if kind == "spawn":
        return Subject(spawn_id=read_id(rest))
    run, _, node = rest.partition(":")
    if kind not in {"run", "node"} or (kind == "node") != bool(node):
        raise NotFound("There is no such work.")
    return Subject(_uuid(run), _short(node, "node", longest=60))


def read_id(value: object) -> int:
    """The number of a row."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 18:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**17:
        raise InvalidParam("An id is a whole number.")
    return value


def read_category(value: object) -> Category | None:
    """The category asked for; None where none is."""
    return _one_of(Category, value, "category", None) if value else None


def read_whole(value: str | None, *, default: int, most: int) -> int:
    """A number in a query, cut to what is allowed; what is none is the default, as the ancestor has it."""
    if value is None or not value.isascii() or not value.isdigit() or int(value[:9]) == 0:
        return default
    return min(int(value[:9]), most)


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise InvalidBody("The body must be a JSON object.")
    return body


def _model_and_category(values: Mapping[str, Any]) -> tuple[str, Category]:
    model, category = values.get("model"), values.get("category")
    if not model or not category:
        raise InvalidBody("model and category are required")
    if not isinstance(model, str):
        raise InvalidParam("model must be a text")
    ids = read_ids(model, "model", most=1)
    if len(ids) != 1:
        raise InvalidParam("model must be one model's id")
    found = _one_of(Category, category, "category", None)
    return next(iter(ids)), found


def _one_of(kind: type[_Word], value: object, name: str, default: _Word | None) -> _Word:
    if (value is None or value == "") and default is not None:
        return default
    if not isinstance(value, str) or value.strip() not in set(kind):
        raise InvalidParam(f"Invalid {name}. Use one of: {', '.join(kind)}")
    return kind(value.strip())


def _short(value: object, name: str, *, longest: int = LONGEST_WORD) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidParam(f"{name} must be a text")
    return clean_text(value, name, longest)


def _decision(value: object) -> UUID | None:
    """The id of a kept decision; that of an open pick is the question itself, of which nothing is kept."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidParam("decisionId must be a text")
    if is_token(value):
        return None
    try:
        return UUID(value[:40])
    except ValueError as error:
        raise InvalidParam("decisionId must be a decision's id") from error


def _uuid(value: object) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(str(value)[:40])
    except ValueError as error:
        raise InvalidParam("run must be a run's id") from error
