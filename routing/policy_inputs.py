"""What editing the rules, and looking at what a change would mean, accept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from catalog.override_fields import OVERRIDE_FIELDS
from catalog.shapes import Override, Source
from routing.inputs import clean_text
from routing.past_decisions import DEFAULT_COUNT, FEWEST, MOST
from routing.policy_versions import MAX_NOTE_CHARS
from routing.route_policy import RouteRules
from routing.rule_documents import draft_from, read_text
from smartspawn.lib.errors import InvalidParam, MissingParam, NotFound

_COUNT_HELP: Final = f"How many of the newest decisions to replay, {FEWEST} to {MOST}; default {DEFAULT_COUNT}."


class RulesInput(serializers.Serializer[RouteRules]):
    """Rules as a document or as YAML; for the document of the API."""

    document = serializers.DictField(required=False, help_text="drivers, tiers, rules, driver_margin_score.")
    yaml = serializers.CharField(required=False, help_text="The same as a text, in place of the document.")


class SaveRulesInput(RulesInput):
    """POST /api/route/policy."""

    baseVersion = serializers.CharField(  # noqa: N815 - the wire's name
        help_text="The version that was changed; where another one holds by now, nothing is saved."
    )
    note = serializers.CharField(required=False, max_length=MAX_NOTE_CHARS, help_text="Why, for those who come after.")


class WhatIfRulesInput(RulesInput):
    """POST /api/route/policy/what-if."""

    count = serializers.IntegerField(required=False, min_value=FEWEST, max_value=MOST, help_text=_COUNT_HELP)


class RestoreInput(serializers.Serializer[Any]):
    """POST /api/route/policy/restore."""

    version = serializers.CharField(help_text="The version that holds again, as a new one.")
    baseVersion = serializers.CharField(help_text="The version that holds until then.")  # noqa: N815 - the wire's name
    note = serializers.CharField(required=False, max_length=MAX_NOTE_CHARS)


class WhatIfOverrideInput(serializers.Serializer[Override]):
    """POST /api/route/what-if/override."""

    model = serializers.CharField(help_text="The model's id.")
    field = serializers.ChoiceField(choices=list(OVERRIDE_FIELDS), help_text="What would be corrected.")
    value = serializers.CharField(help_text="A score from 0 to 100, a price in $ per million tokens, or categories.")
    count = serializers.IntegerField(required=False, min_value=FEWEST, max_value=MOST, help_text=_COUNT_HELP)


class SnapshotsQuery(serializers.Serializer[Any]):
    """GET /api/route/what-if/snapshots."""

    before = serializers.IntegerField(required=False, help_text="A kept revision; default the one before the newest.")
    after = serializers.IntegerField(required=False, help_text="A kept revision; default the newest.")
    count = serializers.IntegerField(required=False, min_value=FEWEST, max_value=MOST, help_text=_COUNT_HELP)


class CountQuery(serializers.Serializer[Any]):
    """How many decisions to replay."""

    count = serializers.IntegerField(required=False, min_value=FEWEST, max_value=MOST, help_text=_COUNT_HELP)


class DifferencesQuery(serializers.Serializer[Any]):
    """GET /api/route/policy/differences."""

    before = serializers.CharField(required=False, help_text="A version, such as site-3; default the shipped rules.")
    after = serializers.CharField(required=False, help_text="Another one; default the rules that hold.")


def read_draft(values: Mapping[str, Any]) -> RouteRules:
    """The rules that the body carries, maybe still unusable. Raises MissingParam or InvalidParam."""
    text, document = values.get("yaml"), values.get("document")
    if text in (None, "") and document is None:
        raise MissingParam("document is required, or yaml in its place")
    if text not in (None, "") and not isinstance(text, str):
        raise InvalidParam("yaml must be a text")
    raw = read_text(text) if isinstance(text, str) and text else document
    if not isinstance(raw, dict):
        raise InvalidParam("The rules are no document with drivers, tiers and rules.")
    return draft_from({name: value for name, value in raw.items() if name != "version"})


def read_name(values: Mapping[str, Any], name: str) -> str:
    """A short text that must be there."""
    value = values.get(name)
    if value in (None, ""):
        raise MissingParam(f"{name} is required")
    if not isinstance(value, str):
        raise InvalidParam(f"{name} must be a text")
    return clean_text(value, name, 200)


def read_note(values: Mapping[str, Any]) -> str:
    """Why something is changed; may be empty."""
    value = values.get("note")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidParam("note must be a text")
    return clean_text(value, "note", MAX_NOTE_CHARS)


def read_count(value: object) -> int:
    """How many decisions to replay; nothing said is the default. Raises InvalidParam for what is out of range."""
    if value is None or value == "":
        return DEFAULT_COUNT
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9 else value
    if isinstance(number, bool) or not isinstance(number, int) or not FEWEST <= number <= MOST:
        raise InvalidParam(f"count is a whole number from {FEWEST} to {MOST}")
    return number


def read_revision(value: object, name: str) -> int | None:
    """A revision's number, or None where none is said. Raises InvalidParam for what is none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not (value.isascii() and value.isdigit() and len(value) < 16):
        raise InvalidParam(f"{name} is the number of a revision")
    return int(value)


def read_source(value: str) -> Source:
    """The source of this key. Raises NotFound where there is none."""
    try:
        return Source(value)
    except ValueError as error:
        raise NotFound(f"There is no source '{value[:40]}'.") from error


def read_override_wish(values: Mapping[str, Any]) -> Override:
    """The override to look at. Raises MissingParam or InvalidParam for the first thing missing."""
    value = values.get("value")
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    return Override(
        model_id=read_name(values, "model"), field=read_name(values, "field"), value=read_name({"value": text}, "value")
    )
