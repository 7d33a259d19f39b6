"""What setting up receivers of alerts accepts, from forms and from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework import serializers

from runs.shapes.alerts import Reach, ReceiverKind
from smartspawn.lib.errors import InvalidBody, InvalidParam

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class ReceiverRequest:
    """A receiver that somebody wants."""

    kind: ReceiverKind
    address: str
    reach: Reach
    allows_private: bool


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A stretch of what was told."""

    before: UUID | None
    most: int


class ReceiverInput(serializers.Serializer[ReceiverRequest]):
    """POST /api/alert-receivers: where alerts are to be sent."""

    kind = serializers.ChoiceField([kind.value for kind in ReceiverKind])
    address = serializers.CharField(max_length=500, help_text="https://example.org/hooks/budgets, or a mailbox.")
    reach = serializers.ChoiceField(
        [reach.value for reach in Reach],
        default=Reach.OWN.value,
        help_text="'own': your budgets and those of your keys; 'all': everybody's and the site's, for admins.",
    )
    allowPrivate = serializers.BooleanField(  # noqa: N815 - the wire's name
        default=False, help_text="It may lie on this machine or in a private network; for admins."
    )

    def to_request(self) -> ReceiverRequest:
        """The receiver that is meant. Call after ``is_valid``."""
        given = self.validated_data
        return ReceiverRequest(
            ReceiverKind(given["kind"]), given["address"], Reach(given["reach"]), given["allowPrivate"]
        )


class SwitchInput(serializers.Serializer[bool]):
    """PATCH /api/alert-receivers/ID: send there, or leave it for now."""

    isOn = serializers.BooleanField()  # noqa: N815 - the wire's name


class AlertListInput(serializers.Serializer[ListRequest]):
    """GET /api/alerts: which of them."""

    before = serializers.UUIDField(required=False, help_text="The last alert of the page before this one.")
    limit = serializers.IntegerField(required=False, default=50, min_value=1, max_value=MOST_LISTED)

    def to_request(self) -> ListRequest:
        """The stretch that is meant. Call after ``is_valid``."""
        return ListRequest(self.validated_data.get("before"), self.validated_data["limit"])


def read_receiver(data: object) -> ReceiverRequest:
    """The receiver to be added. Raises BadInput."""
    given = ReceiverInput(data=_known(data, ReceiverInput))
    given.is_valid(raise_exception=True)
    return given.to_request()


def read_switch(data: object) -> bool:
    """Whether to send there. Raises BadInput."""
    given = SwitchInput(data=_known(data, SwitchInput))
    given.is_valid(raise_exception=True)
    return bool(given.validated_data["isOn"])


def read_list(data: object) -> ListRequest:
    """Which alerts to list. Raises BadInput."""
    given = AlertListInput(data=_known(data, AlertListInput))
    given.is_valid(raise_exception=True)
    return given.to_request()


def _known(data: object, kind: type[serializers.Serializer[Any]]) -> dict[str, object]:
    """The fields given, all of them known; the form's own token is no part of it."""
    if not isinstance(data, Mapping):
        raise InvalidBody("The body must be a JSON object.")
    fields = {str(name): data[name] for name in data if name != "csrfmiddlewaretoken"}
    if unknown := sorted(set(fields) - set(kind().fields)):
        raise InvalidParam(f"{unknown[0][:40]}: there is no such field.")
    return fields
