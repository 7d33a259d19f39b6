"""What kickoffs and a person's word against them accept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rest_framework import serializers

from catalog.shapes import Budget
from routing.inputs import (
    MAX_ID_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    clean_text,
    read_budget,
    read_ids,
    read_task,
    read_words,
)
from routing.shapes import RouteRequest
from smartspawn.lib.errors import InvalidParam, MissingParam

MAX_FILES: Final = 200
MAX_PATH_CHARS: Final = 1000
MAX_WHY_CHARS: Final = 500
MAX_DRIVER_CHARS: Final = 40
_MOST_NAMED: Final = 10


class RouteInput(serializers.Serializer[RouteRequest]):
    """POST /api/route; for the document of the API."""

    task = serializers.CharField(help_text="The kickoff: what is to be done, in words.")
    files = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=f"Paths that are open; at most {MAX_FILES}."
    )
    stack = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Technologies, such as react or postgres."
    )
    sessionId = serializers.CharField(  # noqa: N815 - the wire's name
        required=False, help_text="The session keeps its model while its task lasts."
    )
    relatedTo = serializers.CharField(  # noqa: N815 - the wire's name
        required=False, help_text="A session whose tier this task inherits, unless it is harder."
    )
    budget = serializers.ChoiceField(
        choices=[budget.value for budget in Budget], required=False, help_text="In place of the tier's own."
    )
    drivers = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Of: claude, codex, gemini, grok, api. Default all."
    )
    exclude = serializers.ListField(child=serializers.CharField(), required=False, help_text="Model ids to leave out.")


class OverrideInput(serializers.Serializer[dict[str, str]]):
    """POST /api/route/override; for the document of the API."""

    decisionId = serializers.CharField(help_text="The decision that a person does not follow.")  # noqa: N815 - the wire's name
    model = serializers.CharField(help_text="The model that was taken instead.")
    driverKind = serializers.CharField(required=False, help_text="The driver, where it changes too.")  # noqa: N815 - the wire's name
    why = serializers.CharField(required=False, max_length=MAX_WHY_CHARS)


def read_route(values: Mapping[str, Any]) -> RouteRequest:
    """The kickoff; names may be written with a hump or an underscore.

    Raises MissingParam or InvalidParam for the first thing wrong.
    """
    task = read_task(values.get("task"))
    return RouteRequest(
        task=task,
        files=_read_list(values.get("files"), "files", most=MAX_FILES, longest=MAX_PATH_CHARS),
        stack=read_words(values.get("stack"), "stack", most=MAX_TAGS, longest=MAX_TAG_CHARS),
        session_id=_name(values, "sessionId", "session_id"),
        related_to=_name(values, "relatedTo", "related_to"),
        budget=read_budget(values["budget"]) if values.get("budget") not in (None, "") else None,
        drivers=read_words(values.get("drivers"), "drivers", most=MAX_TAGS, longest=MAX_TAG_CHARS),
        exclude=read_ids(values.get("exclude")),
    )


_HEARD: Final = ("task", "files", "stack", "sessionId", "relatedTo", "budget", "drivers", "exclude")
_HEARD_TOO: Final = frozenset({"session_id", "related_to"})


def unheard_notes(values: Mapping[str, Any]) -> list[str]:
    """What is said of fields that no kickoff has: a misspelt "drivers" would otherwise limit nothing, and silently."""
    unknown = sorted(name for name in values if name not in _HEARD and name not in _HEARD_TOO)
    shown = ", ".join(f"'{name[:40]}'" for name in unknown[:_MOST_NAMED])
    return (
        [f"not heard, as a kickoff has no such field: {shown}. Its fields are {', '.join(_HEARD)}"] if unknown else []
    )


@dataclass(frozen=True, slots=True)
class OverrideRequest:
    """A person's word against a decision."""

    decision_id: str
    model_id: str
    driver: str
    why: str


def read_override(values: Mapping[str, Any]) -> OverrideRequest:
    """The override. Raises MissingParam or InvalidParam for the first thing wrong."""
    decision_id = _name(values, "decisionId", "decision_id")
    if not decision_id:
        raise MissingParam("decisionId is required")
    models = read_ids(values.get("model"), "model", most=1)
    if not models:
        raise MissingParam("model is required")
    driver, why = _name(values, "driverKind", "driver"), values.get("why")
    if why is not None and not isinstance(why, str):
        raise InvalidParam("why must be a text")
    return OverrideRequest(
        decision_id=decision_id,
        model_id=next(iter(models)),
        driver=driver[:MAX_DRIVER_CHARS],
        why=clean_text(why or "", "why", MAX_WHY_CHARS),
    )


def _name(values: Mapping[str, Any], *names: str) -> str:
    """A short text under the first of its names that is given."""
    given = next((values[name] for name in names if values.get(name) not in (None, "")), "")
    if not isinstance(given, str):
        raise InvalidParam(f"{names[0]} must be a text")
    return clean_text(given, names[0], MAX_ID_CHARS)


def _read_list(value: object, name: str, *, most: int, longest: int) -> tuple[str, ...]:
    """A list whose items may hold commas."""
    return read_words([value] if isinstance(value, str) and value else value, name, most=most, longest=longest)
