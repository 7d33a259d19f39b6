"""What taking a task apart accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from catalog.shapes import Budget
from routing.decompose.shapes import DecomposeRequest
from routing.inputs import read_budget, read_tags, read_task
from smartspawn.lib.errors import InvalidParam

MAX_PARALLEL: Final = 8
DEFAULT_PARALLEL: Final = 5
_WHOLE_NUMBER: Final = re.compile(r"[+-]?\d{1,9}", re.ASCII)


class DecomposeInput(serializers.Serializer[DecomposeRequest]):
    """POST /api/decompose; for the document of the API."""

    task = serializers.CharField(help_text="What is to be done, over any number of lines; it may hold a list.")
    budget = serializers.ChoiceField(
        choices=[budget.value for budget in Budget],
        required=False,
        help_text="For a usual part (default medium); simple parts go a step down, hard ones up. any stays any.",
    )
    context = serializers.CharField(  # type: ignore[assignment]  # DRF moves fields away from its own attribute
        required=False, help_text="Tags such as typescript, vision or long-context, separated by commas."
    )


class SwarmInput(DecomposeInput):
    """POST /api/swarm; for the document of the API."""

    maxParallel = serializers.IntegerField(  # noqa: N815 - the wire's name
        required=False,
        help_text=f"Parts in one wave, 1 to {MAX_PARALLEL} (default {DEFAULT_PARALLEL}); others are cut to fit.",
    )


def read_decompose(values: Mapping[str, Any]) -> DecomposeRequest:
    """The request. Raises MissingParam or InvalidParam for the first thing wrong."""
    context = values.get("context")
    return DecomposeRequest(
        task=read_task(values.get("task")),
        budget=read_budget(values.get("budget")),
        context=context or None,
        context_tags=read_tags(context),
        max_parallel=read_max_parallel(values.get("maxParallel")),
    )


def read_max_parallel(value: object) -> int:
    """How many parts may run at once; whole numbers out of range are cut to fit, as the ancestor does."""
    if value is None or value == "":
        return DEFAULT_PARALLEL
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidParam(f"maxParallel must be a whole number from 1 to {MAX_PARALLEL}")
    return min(max(value, 1), MAX_PARALLEL)
