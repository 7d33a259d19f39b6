"""What the name of a model asks for: "auto:coding:low", "policy:top", "collective", or the model itself."""

from __future__ import annotations

from typing import Final

from catalog.shapes import Budget, Category
from runs.chat.shapes import Automatic, ByMode, ByName, ByPolicy, Wish
from runs.shapes import Mode
from smartspawn.lib.errors import NotFound

AUTOMATIC: Final = "auto"
POLICY: Final = "policy"
MODES: Final = (Mode.COLLECTIVE, Mode.CASCADE, Mode.PLAN, Mode.SWARM)
_CATEGORIES: Final = frozenset(item.value for item in Category)
_BUDGETS: Final = frozenset(item.value for item in Budget)


class ModelUnknown(NotFound):
    """No such model can be had here."""

    code = "MODEL_NOT_FOUND"


def read_name(name: str) -> Wish:
    """What the name asks for. Raises ModelUnknown for an ``auto`` or a mode that says what there is not."""
    head, _, rest = name.partition(":")
    words = rest.split(":") if rest else []
    if head == AUTOMATIC:
        return _automatic(name, words)
    if head == POLICY:
        return ByPolicy(rest)
    if head in MODES:
        return ByMode(Mode(head), _mode_budget(name, words))
    return ByName(name)


def _automatic(name: str, words: list[str]) -> Automatic:
    category = Category(words.pop(0)) if words and words[0] in _CATEGORIES else None
    budget = Budget(words.pop(0)) if words and words[0] in _BUDGETS else None
    if words:
        raise _not_understood(
            name, f"auto:CATEGORY:BUDGET, either may be left out; {_or(_CATEGORIES)}; {_or(_BUDGETS)}"
        )
    return Automatic(category, budget)


def _mode_budget(name: str, words: list[str]) -> Budget | None:
    if not words:
        return None
    if len(words) > 1 or words[0] not in _BUDGETS:
        raise _not_understood(name, f"MODE:BUDGET; {_or(_BUDGETS)}")
    return Budget(words[0])


def _not_understood(name: str, form: str) -> ModelUnknown:
    return ModelUnknown(f"'{name[:80]}' names no model. The form is {form}.", param="model")


def _or(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
