"""What the reads and the controls of runs accept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from runs.inputs import read_run
from runs.queries import MOST_LISTED, RunFilter, get_run
from runs.shapes import Mode, RunRequest, RunStatus
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidBody


class WishesInput(serializers.Serializer[object]):
    """What may stand in the body of a new run beside the work."""

    forceNew = serializers.BooleanField(required=False, default=False)  # noqa: N815 - the wire's name
    detach = serializers.BooleanField(required=False, default=False)


class RunListInput(serializers.Serializer[RunFilter]):
    """GET /api/runs."""

    status = serializers.ChoiceField([status.value for status in RunStatus], required=False)
    mode = serializers.ChoiceField([mode.value for mode in Mode], required=False)
    q = serializers.CharField(required=False, max_length=200, help_text="Words in the task or label.")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MOST_LISTED, default=20)
    before = serializers.UUIDField(required=False, help_text="The last run of the page before.")


class EventsInput(serializers.Serializer[int]):
    """GET /api/runs/{id}/events."""

    after = serializers.IntegerField(required=False, min_value=0, default=0, help_text="The last number you have.")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=1000, default=200)


class ResultInput(serializers.Serializer[bool]):
    """GET /api/runs/{id}/result."""

    includeRaw = serializers.BooleanField(required=False, default=False)  # noqa: N815 - the wire's name


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """Which nodes to do again, and the cap from then on."""

    nodes: tuple[str, ...] = ()
    max_usd: Decimal | None = None


class RetryInput(serializers.Serializer[RetryRequest]):
    """POST /api/runs/{id}/retry."""

    nodes = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=1000, help_text="None: all that failed."
    )
    maxUsd = serializers.DecimalField(  # noqa: N815 - the wire's name
        max_digits=15, decimal_places=9, min_value=Decimal(0), required=False, allow_null=True
    )


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A run that is asked for, and how."""

    request: RunRequest
    is_forced_new: bool = False  # even if the same was asked for a moment ago
    is_detached: bool = False  # it goes on when the client that streams it hangs up


def read_start(body: object) -> StartRequest:
    """The run in a body, and the two wishes that are about the asking and not about the work."""
    if not isinstance(body, Mapping):
        raise InvalidBody("The body must be a JSON object.")
    wishes = _read(WishesInput, {name: body[name] for name in ("forceNew", "detach") if name in body})
    work = {name: value for name, value in body.items() if name not in ("forceNew", "detach")}
    return StartRequest(read_run(work), wishes["forceNew"], wishes["detach"])


def read_list(query: Mapping[str, Any], actor: Actor) -> tuple[RunFilter, int]:
    """Which runs to list, and how many. Raises NotFound for a ``before`` that is no run of this actor."""
    values = _read(RunListInput, query)
    last = get_run(values["before"], actor) if "before" in values else None
    wanted = RunFilter(
        status=values.get("status", ""),
        mode=values.get("mode", ""),
        text=values.get("q", ""),
        before=last.created_at if last else None,
        before_id=last.pk if last else None,
    )
    return wanted, values["limit"]


def read_events(query: Mapping[str, Any], last_event_id: str) -> tuple[int, int]:
    """After which event to go on, and how many to give; a browser that reconnects says it in a header."""
    values = dict(_read(EventsInput, query))
    if "after" not in query and last_event_id.isascii() and last_event_id.isdigit():
        values["after"] = int(last_event_id[:9])
    return values["after"], values["limit"]


def read_result(query: Mapping[str, Any]) -> bool:
    """Whether the raw outputs are wanted too."""
    return bool(_read(ResultInput, query)["includeRaw"])


def read_retry(body: object) -> RetryRequest:
    """What to do again."""
    if not isinstance(body, Mapping):
        raise InvalidBody("The body must be a JSON object.")
    values = _read(RetryInput, body)
    return RetryRequest(tuple(values.get("nodes", ())), values.get("maxUsd"))


def _read(kind: type[serializers.Serializer[Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    form = kind(data=data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)
