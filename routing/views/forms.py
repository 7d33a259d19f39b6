"""What the forms and addresses of routing's pages may carry."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import QueryDict
from rest_framework import serializers

from catalog.shapes import Budget, Category
from routing.filters import CAPABILITIES
from routing.inputs import MAX_PREFERENCE, MAX_TASK_CHARS, read_pick
from routing.page_queries import KINDS, DecisionCursor, DecisionFilter
from routing.shapes import TaskRequest
from smartspawn.lib.errors import InvalidParam

BUDGET_CHOICES: Final = (
    (Budget.LOW, "low: up to $1 per M in"),
    (Budget.MEDIUM, "medium: up to $5"),
    (Budget.HIGH, "high: $2 to $20"),
    (Budget.ANY, "any known price"),
)
PREFERENCE_CHOICES: Final = (
    ("", "score alone, ties by price"),
    ("0", "0: every cent counts"),
    *((str(number), str(number)) for number in range(1, MAX_PREFERENCE)),
    (str(MAX_PREFERENCE), f"{MAX_PREFERENCE}: quality alone"),
)
CONTEXT_CHOICES: Final = (
    ("", "any"),
    ("32000", "32k or more"),
    ("128000", "128k or more"),
    ("200000", "200k or more"),
    ("1000000", "1M or more"),
)
CAPABILITY_WORDS: Final = {
    "vision": "sees images",
    "functionCalling": "calls functions",
    "json": "answers in JSON",
    "reasoning": "reasons",
}
TOP_SCORE: Final = 100


@dataclass(frozen=True, slots=True)
class RouteForm:
    """The playground's form as it was filled in, word for word."""

    task: str = ""
    budget: str = Budget.MEDIUM
    preference: str = ""
    context: str = ""
    min_context: str = ""
    floor: str = ""
    require: tuple[str, ...] = ()

    @property
    def has_wishes(self) -> bool:
        """Whether anything but the task was filled in."""
        return any((self.preference, self.context, self.min_context, self.floor, self.require))

    def to_request(self) -> TaskRequest:
        """The form as a request. Raises BadInput for the first thing wrong."""
        return read_pick(self.to_values())

    def to_values(self) -> Mapping[str, Any]:
        """The request's fields by the names of the API, without those that say nothing."""
        fields = {
            "task": self.task.strip(),
            "budget": self.budget,
            "preference": self.preference,
            "context": self.context.strip(),
            "require": list(self.require),
            "minContext": self.min_context,
        }
        return {name: value for name, value in fields.items() if value}

    def to_floor_score(self) -> float | None:
        """The least score that the cheapest model must reach, or None. Raises InvalidParam for no such score."""
        if not self.floor.strip():
            return None
        try:
            floor = float(self.floor.replace(",", "."))
        except ValueError:
            floor = -1.0
        if not 0 <= floor <= TOP_SCORE:
            raise InvalidParam(f"The quality floor is a score from 0 to {TOP_SCORE}.")
        return floor


def read_route_form(data: QueryDict) -> RouteForm:
    """The playground's form."""
    return RouteForm(
        task=data.get("task", "").replace("\r\n", "\n")[: MAX_TASK_CHARS + 1],
        budget=data.get("budget", "") or Budget.MEDIUM,
        preference=data.get("preference", ""),
        context=data.get("context", ""),
        min_context=data.get("minContext", ""),
        floor=data.get("floor", ""),
        require=tuple(name for name in CAPABILITIES if name in data.getlist("require")),
    )


class DecisionsForm(serializers.Serializer[Any]):
    """Filters and place of the list of decisions."""

    kind = serializers.ChoiceField(list(KINDS), required=False, allow_blank=True, default="")
    category = serializers.ChoiceField([str(word) for word in Category], required=False, allow_blank=True, default="")
    model = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    since = serializers.DateField(required=False, allow_null=True, default=None)
    until = serializers.DateField(required=False, allow_null=True, default=None)
    after = serializers.CharField(required=False, allow_blank=True, max_length=100, default="")

    def to_internal_value(self, data: Any) -> Any:
        """An empty date is no date."""
        return super().to_internal_value({name: value for name, value in data.items() if value != ""})

    def validate_after(self, value: str) -> DecisionCursor | None:
        """The place as ``format_cursor`` wrote it."""
        if not value:
            return None
        made_at, _, decision_id = value.partition("_")
        try:
            moment, row_id = datetime.fromisoformat(made_at), uuid.UUID(decision_id)
        except ValueError as error:
            raise serializers.ValidationError("This names no place in the list.") from error
        if moment.tzinfo is None:
            raise serializers.ValidationError("This names no place in the list.")
        return DecisionCursor(made_at=moment, decision_id=row_id)

    def to_filter(self) -> DecisionFilter:
        """The filters as a question."""
        said = {name: value for name, value in self.validated_data.items() if name != "after"}
        return DecisionFilter(**said)


def format_cursor(cursor: DecisionCursor) -> str:
    """The place in the list, as an address carries it."""
    return f"{cursor.made_at.isoformat()}_{cursor.decision_id}"
