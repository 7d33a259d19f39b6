"""From a request to what choosing looks at: the kind of work, and what a model needs for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from catalog.shapes import Category
from routing.context import needs_of
from routing.pictures import SURE_PROB, points_at_picture
from routing.shapes import Classification, Features, Label, TaskRequest

Classify = Callable[[str], Classification]

_NOT_ASKED: Final = Label("", 0.0)


def extract(request: TaskRequest, classify: Classify) -> Features:
    """The features of a task; one whose category is given, or that is its exact name, is that with no look at words."""
    given = request.category or find_category(request.task)
    classification = given_category(given) if given else classify(request.task)
    needs = needs_of(request.context_tags)
    capabilities = dict.fromkeys((*request.required_capabilities, *needs.required_capabilities))
    return Features(
        task=request.task,
        classification=classification,
        category=given or _category(request.task, classification.category),
        is_category_given=given is not None,
        context_tags=request.context_tags,
        required_capabilities=tuple(capabilities),
        min_context_tokens=max(request.min_context_tokens or 0, needs.min_context_tokens or 0) or None,
    )


def _category(task: str, said: Label) -> Category:
    """What the classifier says; where it is unsure, a task about "this picture" never gets a model that is blind."""
    is_open = said.value == Category.GENERAL or said.confidence_prob < SURE_PROB
    if is_open and points_at_picture(task):
        return Category.VISION
    return Category(said.value)


def find_category(task: str) -> Category | None:
    """The category of exactly this name, or None."""
    return Category(task) if task in _CATEGORY_NAMES else None


_CATEGORY_NAMES: Final = frozenset(Category)


def given_category(category: Category) -> Classification:
    """What is known of a task of which only the category was said."""
    return Classification(
        category=Label(category, 1.0, {category: 1.0}),
        task_type=_NOT_ASKED,
        complexity=_NOT_ASKED,
        risk=_NOT_ASKED,
        sub_dimensions={},
        engine="given by name",
    )
