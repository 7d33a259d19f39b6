"""A column of packed values: what goes in comes out, on every database and through fixtures."""

from __future__ import annotations

import json

import pytest
from django.core import serializers

from routing.decide import recommend
from routing.models import StoredDecision
from routing.packed import pack, unpack
from routing.shapes import TaskRequest
from smartspawn.access.shapes import ANONYMOUS

pytestmark = pytest.mark.usefixtures("catalogue")


def test_packed_values_come_out_as_they_went_in_and_take_little_room() -> None:
    value = {"task": "Grüße \u2014 \U0001f600", "none": None, "share": 0.1, "list": [1, "a", True] * 300}
    assert unpack(pack(value)) == value
    assert len(pack(value)) < len(json.dumps(value)) / 10


def test_a_row_keeps_its_values_through_an_update_and_a_fixture() -> None:
    recommend(request=TaskRequest("coding", count=2), actor=ANONYMOUS)
    row = StoredDecision.objects.get()
    assert row.basis["count"] == 2
    StoredDecision.objects.update(basis={"count": 3})
    fixture = serializers.serialize("json", StoredDecision.objects.all())
    StoredDecision.objects.all().delete()
    for item in serializers.deserialize("json", fixture):
        item.save()
    again = StoredDecision.objects.get()
    assert again.basis == {"count": 3}
    assert again.outcome == row.outcome
