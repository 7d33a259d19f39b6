"""What the community's faces accept: reports as the ancestor's clients send them, and scores of other sites."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from rest_framework import serializers

from catalog.shapes import Category
from feedback.community.aggregation import LEAST_REPORTERS
from feedback.community.shapes import Aggregate, CommunityScore, Report
from feedback.inputs import read_outcome
from smartspawn.lib.errors import InvalidBody, InvalidParam

_CATEGORIES: Final = [category.value for category in Category]
FORMAT: Final = "smartspawn-community"
VERSION: Final = 1
MOST_SCORES: Final = 5000
# No community that we know of is larger; a number beyond it is a slip or a lie.
_MOST_PEOPLE: Final = 10_000_000
# Clocks differ; what is said to come from the future would never be replaced.
_AHEAD: Final = timedelta(hours=24)
_INSTANCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,99}")


class ReportInput(serializers.Serializer[Report]):
    """POST /api/community/report; for the document of the API."""

    model = serializers.CharField(max_length=200)
    category = serializers.ChoiceField(choices=_CATEGORIES)
    rating = serializers.IntegerField(min_value=1, max_value=5)
    instanceId = serializers.CharField(  # noqa: N815 - the wire's name
        min_length=8, max_length=100, help_text="Of your own making, such as a UUID. Kept as a hash alone."
    )


class InstanceInput(serializers.Serializer[str]):
    """POST /api/community/withdraw; for the document of the API."""

    instanceId = serializers.CharField(min_length=8, max_length=100)  # noqa: N815 - the wire's name


class ScoreInput(serializers.Serializer[CommunityScore]):
    """One score of an aggregate."""

    model = serializers.RegexField(r"^[a-z0-9~][\w.~:+-]*/[\w.~:+-]+$", max_length=200)
    category = serializers.ChoiceField(choices=_CATEGORIES)
    avgRating = serializers.FloatField(min_value=1, max_value=5)  # noqa: N815 - the wire's name
    successShare = serializers.FloatField(min_value=0, max_value=1)  # noqa: N815 - as above
    votes = serializers.FloatField(min_value=0.1, max_value=_MOST_PEOPLE)
    contributors = serializers.IntegerField(min_value=LEAST_REPORTERS, max_value=_MOST_PEOPLE)
    totalRatings = serializers.IntegerField(min_value=LEAST_REPORTERS, max_value=_MOST_PEOPLE)  # noqa: N815 - as above
    lastRatedAt = serializers.DateTimeField(default_timezone=UTC)  # noqa: N815 - as above

    def to_score(self, given: Mapping[str, Any]) -> CommunityScore:
        """The score that is meant."""
        return CommunityScore(
            model_id=given["model"],
            category=Category(given["category"]),
            mean_score=given["avgRating"],
            success_share=given["successShare"],
            vote_weight=given["votes"],
            reporter_count=given["contributors"],
            rating_count=given["totalRatings"],
            last_at=given["lastRatedAt"],
        )


class AggregateInput(serializers.Serializer[Aggregate]):
    """A file of scores, as ``GET /api/community/aggregate`` gives it."""

    format = serializers.ChoiceField(choices=[FORMAT])
    version = serializers.IntegerField()
    publisher = serializers.UUIDField()
    publishedAt = serializers.DateTimeField(default_timezone=UTC)  # noqa: N815 - the wire's name
    scores = serializers.ListField(max_length=MOST_SCORES)  # each is read with its number

    def to_request(self) -> Aggregate:
        """The aggregate that is meant. Call after ``is_valid``."""
        given = self.validated_data
        return Aggregate(given["publisher"], given["publishedAt"], _scores(given["scores"]))


def read_report(body: object) -> Report:
    """What an instance reports. Raises InvalidBody for what is missing, InvalidParam for what is wrong."""
    values = body if isinstance(body, Mapping) else {}
    needed = ("model", "category", "rating", "instanceId")
    if any(values.get(name) in (None, "") for name in needed):
        raise InvalidBody("model, category, rating and instanceId are required")
    said = read_outcome({name: values[name] for name in needed[:3]})
    return Report(said.model_id, said.category, said.score, read_instance(values["instanceId"]))


def read_instance(value: object) -> str:
    """The id of an instance, such as a UUID."""
    if not isinstance(value, str) or not _INSTANCE.fullmatch(value.strip()):
        raise InvalidParam("instanceId must be a text of 8 to 100 letters, digits, dots, colons and hyphens")
    return value.strip().lower()


def read_instance_body(body: object) -> str:
    """The instance that a body names."""
    if not isinstance(body, Mapping) or not body.get("instanceId"):
        raise InvalidBody("instanceId is required")
    return read_instance(body["instanceId"])


def read_publisher(value: object) -> UUID:
    """The publisher that a form names."""
    try:
        return UUID(str(value)[:40])
    except ValueError as error:
        raise InvalidParam("publisher must be the id of a publisher") from error


def read_aggregate(body: object) -> Aggregate:
    """The scores of another site. Raises BadInput naming the first thing that is wrong."""
    if not isinstance(body, Mapping):
        raise InvalidBody("The file must hold one JSON object.")
    given = AggregateInput(data=body)
    if not given.is_valid():
        name, faults = next(iter(given.errors.items()))
        raise InvalidParam(f"{name}: {faults[0]}")
    if given.validated_data["version"] != VERSION:
        raise InvalidParam(f"version: this release reads version {VERSION}.")
    if given.validated_data["publishedAt"] > timezone.now() + _AHEAD:
        raise InvalidParam("publishedAt lies in the future.")
    return given.to_request()


def _scores(items: list[Any]) -> tuple[CommunityScore, ...]:
    found: dict[tuple[str, Category], CommunityScore] = {}
    for number, item in enumerate(items, 1):
        given = ScoreInput(data=item)
        if not given.is_valid():
            name, faults = next(iter(given.errors.items()))
            where = f"score {number}" if name == "non_field_errors" else f"score {number}, {name}"
            raise InvalidParam(f"{where}: {faults[0]}")
        score = given.to_score(given.validated_data)
        if not all(map(math.isfinite, (score.mean_score, score.success_share, score.vote_weight))):
            raise InvalidParam(f"score {number}: a number is none.")
        if (score.model_id, score.category) in found:
            raise InvalidParam(f"score {number}: {score.model_id} on {score.category} stands in the file twice.")
        found[score.model_id, score.category] = score
    return tuple(found.values())
