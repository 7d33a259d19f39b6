"""What looking at uncertain charges and putting them right accept, from forms and from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from rest_framework import serializers

from runs.money import MOST_USD, to_nano
from smartspawn.lib.errors import InvalidBody, InvalidParam, MissingParam

NOTHING_BILLED: Final = "Nothing was billed."
AS_BILLED: Final = "As the provider billed it."


@dataclass(frozen=True, slots=True)
class CorrectionRequest:
    """What somebody says that a call, or the uncertain calls of a run together, cost."""

    call_id: UUID | None
    run_id: UUID | None
    cost_nano_usd: int
    why: str


@dataclass(frozen=True, slots=True)
class UncertainPlace:
    """Which uncertain charges to list."""

    run_id: UUID | None = None
    before_id: int | None = None


class UncertainListInput(serializers.Serializer[UncertainPlace]):
    """GET /api/uncertain."""

    run = serializers.UUIDField(required=False, help_text="Those of this run alone; then simulated ones, too.")
    before = serializers.IntegerField(required=False, min_value=1, help_text="Go on after this id; newest come first.")


class CorrectionInput(serializers.Serializer[CorrectionRequest]):
    """POST /api/uncertain: what a call really cost."""

    call = serializers.UUIDField(required=False, help_text="The call; any that the ledger has a line of.")
    run = serializers.UUIDField(
        required=False, help_text="Or a run: the sum is spread over its uncertain calls in proportion to their charges."
    )
    costUsd = serializers.DecimalField(  # noqa: N815 - the wire's name
        max_digits=19,
        decimal_places=9,
        min_value=Decimal(0),
        max_value=MOST_USD,
        help_text="What the provider billed, in dollars; 0: nothing.",
    )
    why = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text="For the audit log.")

    def to_request(self) -> CorrectionRequest:
        """The correction. Call after ``is_valid``."""
        given = self.validated_data
        cost = to_nano(given["costUsd"])
        why = given.get("why", "").strip() or (AS_BILLED if cost else NOTHING_BILLED)
        return CorrectionRequest(given.get("call"), given.get("run"), cost, why)


def read_uncertain_place(query: Mapping[str, Any]) -> UncertainPlace:
    """Which charges to list. Raises BadInput."""
    form = UncertainListInput(data=dict(query))
    form.is_valid(raise_exception=True)
    return UncertainPlace(form.validated_data.get("run"), form.validated_data.get("before"))


def read_correction(data: object) -> CorrectionRequest:
    """The correction. Raises BadInput where it names neither call nor run, or both."""
    if not isinstance(data, Mapping):
        raise InvalidBody("The body must be a JSON object.")
    form = CorrectionInput(data={name: data[name] for name in data})
    form.is_valid(raise_exception=True)
    wanted = form.to_request()
    if wanted.call_id is None and wanted.run_id is None:
        raise MissingParam("Name the call, or the run whose uncertain calls the sum is for.")
    if wanted.call_id is not None and wanted.run_id is not None:
        raise InvalidParam("Name the call or the run, not both.")
    return wanted
