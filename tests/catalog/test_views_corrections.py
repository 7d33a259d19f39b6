"""Unmatched names, aliases and overrides: what admins say, and who may say it."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.models import AliasRow, OverrideRow
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in, text_of
from tests.factories import publish_snapshot

pytestmark = pytest.mark.django_db

NAME = {"source": "lmarena", "name": "mystery-model-0", "why": "same weights"}


@pytest.fixture
def rebuilt() -> Any:
    """A made-up catalogue whose rebuild is counted instead of done."""
    publish_snapshot()
    with patch("catalog.views.posting.rebuild_soon", return_value=True) as rebuild:
        yield rebuild


# --- unmatched names ---------------------------------------------------------------------------


@pytest.mark.usefixtures("rebuilt")
def test_only_admins_are_offered_a_word_on_a_name() -> None:
    viewer, admin = (signed_in(role).get("/unmatched/").content for role in (Role.VIEWER, Role.ADMIN))

    assert "mystery-model-0" in text_of(viewer)
    assert "Not listed" not in text_of(viewer)
    assert "Not listed" in text_of(admin)


@pytest.mark.usefixtures("rebuilt")
def test_names_can_be_searched_and_narrowed_to_a_source() -> None:
    client = signed_in()

    assert client.get("/unmatched/", {"q": "model-1"}).context["page"].filtered_count == 1
    assert client.get("/unmatched/", {"source": "livebench"}).context["page"].filtered_count == 0
    assert "No waiting name fits" in text_of(client.get("/unmatched/", {"source": "livebench"}).content)
    assert client.get("/unmatched/", {"source": "somewhere"}).status_code == 422


def test_not_listed_is_one_click(rebuilt: Any) -> None:
    response = signed_in(Role.ADMIN).post("/unmatched/settle/", {**NAME, "is_not_listed": "on", "model_id": "x/y"})

    assert response.status_code == 302
    row = AliasRow.objects.get()
    assert (row.name, row.model_id, row.by) == ("mystery-model-0", "", "some-admin")
    assert rebuilt.call_count == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_id": ""}, "Choose a model"),
        ({"model_id": "acme/alpha-0"}, "Did you mean"),
        ({"model_id": "acme/alpha-1", "name": ""}, "Say a name"),
        ({"model_id": "acme/alpha-1", "why": " "}, "Say a reason"),
        ({"model_id": "acme/alpha-1", "source": "somewhere"}, "There is no source"),
        ({"model_id": "acme/alpha-1", "name": "x" * 301}, "longer than 300"),
        ({"model_id": "acme/alpha-1", "name": "a\x00b"}, "control characters"),
    ],
)
def test_a_word_that_cannot_be_meant_is_refused_and_nothing_is_stored(
    rebuilt: Any, changes: dict[str, str], words: str
) -> None:
    client = signed_in(Role.ADMIN)

    for path in ("/unmatched/_settle", "/aliases/save/"):
        response = client.post(path, {**NAME, **changes})
        assert response.status_code == 422
        assert words in text_of(response.content)
    assert AliasRow.objects.count() == 0
    assert rebuilt.call_count == 0


# --- aliases -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("rebuilt")
def test_a_refused_alias_keeps_what_was_typed() -> None:
    html = signed_in(Role.ADMIN).post("/aliases/save/", {**NAME, "model_id": "acme/nothing"}).content.decode()

    assert 'value="acme/nothing"' in html
    assert 'value="mystery-model-0"' in html


@pytest.mark.usefixtures("rebuilt")
def test_an_alias_is_listed_with_who_when_and_why_changed_and_taken_back() -> None:
    client = signed_in(Role.ADMIN)
    client.post("/aliases/save/", {**NAME, "model_id": "acme/alpha-1"})
    client.post("/aliases/save/", {**NAME, "model_id": "globex/beta-2", "why": "looked again"})
    row = AliasRow.objects.get()

    text = text_of(client.get("/aliases/").content)
    assert "mystery-model-0 lmarena globex/beta-2 looked again some-admin" in text
    assert "No alias fits" in text_of(client.get("/aliases/", {"q": "zzz"}).content)
    assert "Means globex/beta-2" in text_of(client.get(f"/aliases/{row.pk}/").content)

    client.post(f"/aliases/{row.pk}/remove/", {"why": "wrong after all"})
    assert AliasRow.objects.count() == 0
    assert client.get(f"/aliases/{row.pk}/").status_code == 404
    assert client.post(f"/aliases/{row.pk}/remove/", {"why": "again"}).status_code == 404


def test_aliases_leave_as_yaml_and_come_back(rebuilt: Any) -> None:
    client = signed_in(Role.ADMIN)
    client.post("/aliases/save/", {**NAME, "model_id": "acme/alpha-1"})
    exported = client.get("/aliases/export.yaml").content
    AliasRow.objects.all().delete()

    file = SimpleUploadedFile("aliases.yaml", exported)
    text = text_of(client.post("/aliases/import/", {"file": file}, follow=True).content)

    assert "1 aliases taken over." in text
    assert AliasRow.objects.get().model_id == "acme/alpha-1"
    assert rebuilt.call_count == 2


@pytest.mark.usefixtures("rebuilt")
@pytest.mark.parametrize("which", ["aliases", "overrides"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"- [",
        b"just text",
        b"aliases: 7\noverrides: 7\n",
        b"x" * 1_000_001,
        b"!!python/object:os.x {}",
    ],
)
def test_a_file_that_cannot_be_taken_over_changes_nothing(which: str, content: bytes) -> None:
    file = SimpleUploadedFile("file.yaml", content)
    response = signed_in(Role.ADMIN).post(f"/{which}/import/", {"file": file})

    assert response.status_code == 422
    assert "Nothing was taken over." in text_of(response.content)
    assert AliasRow.objects.count() + OverrideRow.objects.count() == 0


# --- overrides ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": "101"}, "from 0 to 100"),
        ({"value": "NaN"}, "from 0 to 100"),
        ({"field": "price.prompt", "value": "-1"}, "price"),
        ({"field": "categories", "value": "cooking"}, "comma-separated list"),
        ({"field": "name", "value": "x"}, "cannot be overridden"),
        ({"model_id": "acme/alpha-0"}, "Did you mean"),
        ({"why": ""}, "Say a reason"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(rebuilt: Any, changes: dict[str, str], words: str) -> None:
    sent = {"model_id": "acme/alpha-1", "field": "score.coding", "value": "50", "why": "because", **changes}
    response = signed_in(Role.ADMIN).post("/overrides/save/", sent)

    assert response.status_code == 422
    assert words in text_of(response.content)
    assert OverrideRow.objects.count() == 0
    assert rebuilt.call_count == 0


@pytest.mark.usefixtures("rebuilt")
def test_overrides_leave_as_yaml_and_come_back() -> None:
    client = signed_in(Role.ADMIN)
    sent = {"model_id": "acme/alpha-1", "field": "price.prompt", "value": "0.5", "why": "our contract"}
    client.post("/overrides/save/", sent)
    exported = client.get("/overrides/export.yaml").content.decode()
    OverrideRow.objects.all().delete()

    client.post("/overrides/import/", {"text": exported})

    row = OverrideRow.objects.get()
    assert (row.model_id, row.field, row.value, row.why) == ("acme/alpha-1", "price.prompt", "0.5", "our contract")


@pytest.mark.usefixtures("rebuilt")
def test_an_override_is_replaced_whatever_blanks_stand_around_its_model() -> None:
    client = signed_in(Role.ADMIN)
    for model_id, value in (("acme/alpha-1", "10"), (" acme/alpha-1 ", "20")):
        document = yaml.safe_dump({"overrides": {model_id: [{"field": "score.coding", "value": value, "why": "ours"}]}})
        assert client.post("/overrides/import/", {"text": document}).status_code == 302

    assert [(row.model_id, row.value) for row in OverrideRow.objects.all()] == [("acme/alpha-1", "20")]


@pytest.mark.usefixtures("rebuilt")
@pytest.mark.parametrize("path", ["/unmatched/", "/aliases/", "/overrides/"])
def test_pages_of_corrections_cost_few_queries(path: str, django_assert_max_num_queries: Any) -> None:
    client = signed_in(Role.ADMIN)
    client.get(path)
    with django_assert_max_num_queries(8):
        client.get(path)
