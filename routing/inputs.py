"""What choosing accepts: one reader for query strings and JSON bodies, with the ancestor's order of errors."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from catalog.shapes import Budget, Category
from routing.filters import CAPABILITIES
from routing.shapes import TaskRequest
from smartspawn.lib.errors import InvalidBody, InvalidParam, MissingParam

MAX_TASK_CHARS: Final = 200_000
MAX_EXCLUDED: Final = 50
MAX_COUNT: Final = 5
MAX_CONTEXT_TOKENS: Final = 100_000_000
MAX_TAGS: Final = 50
MAX_TAG_CHARS: Final = 100
MAX_ID_CHARS: Final = 200
MAX_PREFERENCE: Final = 10
_MODEL_ID: Final = re.compile(r"[A-Za-z0-9._:-]+(/[A-Za-z0-9._:-]+)?")
_MAX_NUMBER: Final = 10**12
_TEXT_CONTROLS: Final = frozenset("\n\r\t\f\v")  # what a pasted text may well hold


class PickInput(serializers.Serializer[TaskRequest]):
    """GET and POST /api/pick; for the document of the API."""

    task = serializers.CharField(help_text="A category's name, or the task in words; a POST may be long.")
    budget = serializers.ChoiceField(
        choices=[budget.value for budget in Budget],
        required=False,
        help_text="USD per million prompt tokens: low 0-1, medium 0-5 (default), high 2-20, any.",
    )
    exclude = serializers.CharField(
        required=False, help_text=f"Model ids to leave out, separated by commas; at most {MAX_EXCLUDED}."
    )
    context = serializers.CharField(  # type: ignore[assignment]  # DRF moves fields away from its own attribute
        required=False, help_text="Tags such as typescript, vision or long-context, separated by commas."
    )
    require = serializers.CharField(required=False, help_text=f"Of: {', '.join(CAPABILITIES)}.")
    minContext = serializers.IntegerField(  # noqa: N815 - the wire's name
        required=False, help_text="Context length that the model must have, in tokens."
    )
    preference = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_PREFERENCE,
        help_text="0: every cent counts, 10: quality alone. Without it the score decides and ties go by price.",
    )


class RecommendInput(PickInput):
    """GET and POST /api/recommend; for the document of the API."""

    category = serializers.ChoiceField(
        choices=[category.value for category in Category],
        required=False,
        help_text="In place of the task, as older clients send it.",
    )
    count = serializers.IntegerField(required=False, min_value=1, max_value=MAX_COUNT, help_text="Default 1.")


def read_pick(values: Mapping[str, Any]) -> TaskRequest:
    """The request for one model. Raises MissingParam or InvalidParam for the first thing wrong."""
    return _read(values, task=read_task(values.get("task")), count=1)


def read_recommend(values: Mapping[str, Any]) -> TaskRequest:
    """The request for some models; ``category`` stands in for a missing task."""
    given = values.get("task")
    task = read_task(given if given not in (None, "") else values.get("category"))
    return _read(values, task=task, count=_count(values.get("count")))


def read_body(body: object) -> Mapping[str, Any]:
    """The JSON body's fields. Raises InvalidBody for anything but an object."""
    if not isinstance(body, Mapping):
        raise InvalidBody('The body must be a JSON object such as {"task": "..."}.')
    return body


def read_task(value: object) -> str:
    """The task as it was meant: any length up to the limit, over any number of lines."""
    if value is None or value == "":
        raise MissingParam("task parameter is required")
    if not isinstance(value, str):
        raise InvalidParam("task must be a text")
    text = clean_text(value, "task", MAX_TASK_CHARS)
    if not text:
        raise MissingParam("task parameter is required")
    return text


def read_budget(value: object, default: Budget = Budget.MEDIUM) -> Budget:
    """The budget's word; absent or empty is the default."""
    word = _word(value, "budget")
    if not word:
        return default
    if word not in set(Budget):
        raise InvalidParam(f"Invalid budget '{word[:40]}'. Use one of: {', '.join(Budget)}")
    return Budget(word)


def read_ids(value: object, name: str = "exclude", *, most: int = MAX_EXCLUDED) -> frozenset[str]:
    """Model ids without the prefix that some clients put in front."""
    ids = [item.removeprefix("openrouter/") for item in read_words(value, name, most=most, longest=MAX_ID_CHARS + 11)]
    for model_id in ids:
        if len(model_id) > MAX_ID_CHARS or not _MODEL_ID.fullmatch(model_id):
            raise InvalidParam(f"{name}: '{model_id[:80]}' is not a model id such as anthropic/claude-opus-4.6")
    return frozenset(ids)


def read_words(value: object, name: str, *, most: int, longest: int) -> tuple[str, ...]:
    """A list as JSON has it or separated by commas, without empty items."""
    if value is None or value == "":
        return ()
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidParam(f"{name} must be a list of texts, or one text with commas")
    words = [word for item in items if (word := clean_text(item, name, longest))]
    if len(words) > most:
        raise InvalidParam(f"{name} has more than {most} items")
    return tuple(words)


def _read(values: Mapping[str, Any], *, task: str, count: int) -> TaskRequest:
    return TaskRequest(
        task=task,
        budget=read_budget(values.get("budget")),
        exclude=read_ids(values.get("exclude")),
        required_capabilities=_capabilities(values.get("require")),
        min_context_tokens=_tokens(values.get("minContext")),
        context_tags=read_tags(values.get("context")),
        preference=_preference(values.get("preference")),
        count=count,
    )


def read_tags(value: object) -> tuple[str, ...]:
    """Context tags in small letters, each once."""
    tags = read_words(value, "context", most=MAX_TAGS, longest=MAX_TAG_CHARS)
    return tuple(dict.fromkeys(tag.lower() for tag in tags))


def _capabilities(value: object) -> tuple[str, ...]:
    names = read_words(value, "require", most=MAX_TAGS, longest=MAX_TAG_CHARS)
    unknown = [name for name in names if name not in CAPABILITIES]
    if unknown:
        raise InvalidParam(f"Invalid require '{unknown[0][:40]}'. Use any of: {', '.join(CAPABILITIES)}")
    return tuple(dict.fromkeys(names))


def _count(value: object) -> int:
    """How many to recommend, cut to fit; the ancestor reads a leading number and takes 1 for anything else."""
    return min(max(_leading_number(value, "count") or 1, 1), MAX_COUNT)


def _tokens(value: object) -> int | None:
    number = _leading_number(value, "minContext") or 0
    return min(number, MAX_CONTEXT_TOKENS) if number > 0 else None


def _leading_number(value: object, name: str) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        found = re.match(r"\s*([+-]?\d{1,12})", value, re.ASCII)
        return int(found.group(1)) if found else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MAX_NUMBER:
        raise InvalidParam(f"{name} must be a number")
    return int(value)


def _preference(value: object) -> int | None:
    """Our own parameter, so nobody relies on a lenient reading."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and re.fullmatch(r"\d{1,2}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_PREFERENCE:
        raise InvalidParam(f"preference must be a whole number from 0 (cost) to {MAX_PREFERENCE} (quality)")
    return value


def _word(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidParam(f"{name} must be a text")
    return value.strip()


def clean_text(text: str, name: str, longest: int) -> str:
    """The text without its edges. Raises InvalidParam for what is too long or no text."""
    text = text.strip().strip("\ufeff")
    if len(text) > longest:
        raise InvalidParam(f"{name} is longer than {longest} characters")
    for char in set(text):
        if unicodedata.category(char) in {"Cc", "Cs"} and char not in _TEXT_CONTROLS:
            raise InvalidParam(f"{name} holds the character U+{ord(char):04X}, which is no text")
    return text
