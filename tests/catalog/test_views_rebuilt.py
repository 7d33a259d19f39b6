"""Corrections made on pages, on a catalogue that really is rebuilt from what the sources sent."""

from __future__ import annotations

import pytest

from catalog.models import OverrideRow
from catalog.queries import get_entry
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in, text_of
from tests.queue import run_queue

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("catalogue")
def test_an_override_counts_and_carries_its_mark_wherever_it_shows() -> None:
    client = signed_in(Role.ADMIN)
    model_id = client.get("/models/").context["listing"].page.entries[0].facts.model_id
    sent = {"model_id": model_id, "field": "score.coding", "value": "12.5", "why": "fails our tasks"}

    text = text_of(client.post("/overrides/save/", sent, follow=True).content)
    run_queue()

    assert f"score.coding of {model_id} is 12.5 from now on." in text
    assert get_entry(model_id).scores["coding"].value == 12.5
    assert "some-admin set this to 12.5" in text_of(client.get(f"/models/{model_id}/").content)
    assert "corrected" in text_of(client.get("/models/", {"q": model_id}).content)

    override_id = OverrideRow.objects.get().pk
    client.post(f"/overrides/{override_id}/remove/", {"why": "it does better now"})
    run_queue()
    assert get_entry(model_id).scores["coding"].value != 12.5
    assert [entry.why for entry in AuditEntry.objects.filter(action__startswith="override").order_by("pk")] == [
        "fails our tasks",
        "it does better now",
    ]


@pytest.mark.usefixtures("catalogue")
def test_a_settled_name_leaves_the_queue_and_its_benchmarks_count() -> None:
    client = signed_in(Role.ADMIN)
    waiting = client.get("/unmatched/").context["page"]
    match = waiting.names[0]
    model_id = client.get("/models/").context["listing"].page.entries[0].facts.model_id
    sent = {"source": match.source, "name": match.source_name, "model_id": model_id, "why": "seen at the source"}

    response = client.post("/unmatched/_settle", sent)
    run_queue()

    assert "from now on" in text_of(response.content)
    assert client.get("/unmatched/").context["page"].filtered_count == waiting.filtered_count - 1
    assert match.source_name in [record.name for record in get_entry(model_id).records]
