"""The catalogue over HTTP, as clients of the ancestor know it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from catalog import queries
from catalog.models import RefreshRun
from catalog.shapes import Category, Source

pytestmark = pytest.mark.usefixtures("catalogue")

MODEL_FIELDS = {
    "id": str,
    "name": str,
    "provider": str,
    "pricing": dict,
    "capabilities": dict,
    "categories": list,
    "scores": dict,
    "costEfficiency": dict,
    "tier": str,
    "benchmarks": dict,
    "tags": list,
    "lastUpdated": str,
    "sourcesCovered": list,
}


def get(client: Client, path: str, status: int = 200) -> Any:
    response = client.get(path)
    assert response.status_code == status, response.content[:300]
    assert response.headers["Content-Type"].startswith("application/json")
    return json.loads(response.content)


def error(client: Client, path: str, status: int) -> str:
    body = get(client, path, status)
    assert set(body["error"]) == {"code", "message"}
    return str(body["error"]["code"])


def test_a_list_of_models_has_the_wire_s_fields_and_types(client: Client) -> None:
    body = get(client, "/api/models?limit=500")
    assert body["meta"]["version"] == "1.0.0"
    assert body["meta"]["returned"] == body["meta"]["filtered"] == body["meta"]["total"] == len(body["data"])
    for model in body["data"]:
        assert {name: type(model[name]) for name in MODEL_FIELDS} == MODEL_FIELDS
        assert set(model["capabilities"]) == {"vision", "functionCalling", "streaming", "json", "reasoning"}
        assert model["contextLength"] is None or isinstance(model["contextLength"], int)


def test_scores_stand_inside_their_intervals(client: Client) -> None:
    for model in get(client, "/api/models?limit=500")["data"]:
        for category, score in model["scores"].items():
            low, high = model["intervals"][category]
            assert 0 <= low <= score <= high <= 100


def test_an_unknown_price_is_null_and_never_zero(client: Client) -> None:
    dynamic = {key for key, entry in queries.entries_by_id().items() if entry.facts.pricing.is_dynamic}
    models = {model["id"]: model for model in get(client, "/api/models?limit=500")["data"]}
    assert dynamic
    assert {models[key]["pricing"]["prompt"] for key in dynamic} == {None}


def test_models_are_filtered_and_sorted_as_asked(client: Client) -> None:
    coding = get(client, "/api/models?category=coding&sort=coding&limit=5")["data"]
    assert all("coding" in model["categories"] for model in coding)
    values = [model["scores"]["coding"] for model in coding if model["candidate"]]
    assert values == sorted(values, reverse=True)
    prices = [model["pricing"]["prompt"] for model in get(client, "/api/models?sort=cost&limit=10")["data"]]
    assert prices == sorted(prices)


def test_pages_of_the_list_join_without_gap_or_overlap(client: Client) -> None:
    whole = [model["id"] for model in get(client, "/api/models?limit=20")["data"]]
    parts = [model["id"] for at in (0, 7, 14) for model in get(client, f"/api/models?limit=7&offset={at}")["data"]]
    assert parts[:20] == whole


def test_what_is_not_taken_literally_is_noted(client: Client) -> None:
    meta = get(client, "/api/models?limit=many&sort=magic")["meta"]
    assert meta["returned"] == min(50, meta["total"])
    assert len(meta["notes"]) == 2


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/models?category=cooking", 400, "INVALID_PARAM"),
        ("/api/models?tier=gold", 400, "INVALID_PARAM"),
        ("/api/models?search=" + "x" * 300, 400, "INVALID_PARAM"),
        ("/api/models/no/such-model", 404, "NOT_FOUND"),
        ("/api/compare", 400, "MISSING_PARAM"),
        ("/api/compare?models=a/b", 400, "INVALID_PARAM"),
        ("/api/compare?models=a/b,c%20d", 400, "INVALID_PARAM"),
        ("/api/compare?models=no/one,no/two", 404, "NOT_FOUND"),
        ("/api/nothing", 404, "NOT_FOUND"),
        ("/api/pick/", 404, "NOT_FOUND"),
    ],
)
def test_bad_input_gets_a_coded_refusal(client: Client, path: str, status: int, code: str) -> None:
    assert error(client, path, status) == code


def test_two_models_are_compared_with_the_parts_of_their_scores(client: Client) -> None:
    ids = [key for key, entry in queries.entries_by_id().items() if entry.records][:2]
    body = get(client, f"/api/compare?models={ids[0]},openrouter/{ids[1]},no/such-model")["data"]
    assert [model["id"] for model in body["models"]] == ids
    assert body["missing"] == ["no/such-model"]
    model = body["models"][0]
    assert "tags" not in model
    assert isinstance(model["speed"], dict)
    parts = [part for parts in model["provenance"].values() for part in parts]
    assert parts
    assert all(part["payloadSha256"] and part["sourceName"] for part in parts)


def test_one_model_opens_to_its_parts(client: Client) -> None:
    model_id = next(key for key, entry in queries.entries_by_id().items() if entry.records)
    assert get(client, f"/api/models/{model_id}")["data"]["provenance"]


def test_the_status_says_how_each_source_is(client: Client) -> None:
    status = get(client, "/api/status")["data"]
    assert status["status"] == "ok"
    assert status["modelCount"] == len(queries.entries_by_id())
    assert set(status["sources"]) == {str(source) for source in Source}
    assert {status["sources"][name]["status"] for name in ("openrouter", "lmarena", "livebench")} == {"ok"}
    assert all(source["licence"] and source["attribution"] for source in status["sources"].values())


def test_no_value_of_artificial_analysis_leaves_through_the_open_api(client: Client) -> None:
    held = {
        measure.value
        for entry in queries.entries_by_id().values()
        for record in entry.records
        if record.source is Source.ARTIFICIAL_ANALYSIS
        for measure in record.measures
    }
    assert held
    ids = ",".join([key for key, entry in queries.entries_by_id().items() if entry.records][:6])
    for path in (
        "/api/models?limit=500",
        f"/api/compare?models={ids}",
        *(f"/api/models/{key}" for key in ids.split(",")),
    ):
        text = client.get(path).content.decode()
        assert '"aa.' not in text
        assert "artificial-analysis" not in text
        assert "outputTokensPerSecond" not in text


def test_a_hostile_model_name_stays_data(client: Client) -> None:
    assert client.get("/api/models").headers["X-Content-Type-Options"] == "nosniff"


def test_a_refresh_needs_a_key_and_is_one_at_a_time(client: Client, settings: Any) -> None:
    settings.REFRESH_API_KEY = "refresh-secret"
    assert client.post("/api/refresh").status_code == 401
    assert client.post("/api/refresh", headers={"Authorization": "Bearer wrong"}).status_code == 401
    headers = {"Authorization": "Bearer refresh-secret"}
    first = client.post("/api/refresh", headers=headers).json()["data"]
    second = client.post("/api/refresh", headers=headers).json()["data"]
    assert first["started"] is True
    assert first["estimatedSeconds"] == 30
    assert second == {"started": False, "message": "Refresh already in progress"}
    assert RefreshRun.objects.filter(slot__isnull=False).count() == 1


def test_the_feed_tells_what_moved(client: Client, upstreams: Any) -> None:
    from catalog.refresh import refresh_catalog
    from smartspawn.access.shapes import COMMAND_LINE

    gone = upstreams.openrouter.pop()["id"]
    refresh_catalog(actor=COMMAND_LINE, trigger="test", only=[Source.OPENROUTER])
    page = queries.list_changes(revision=queries.catalog_revision(), limit=500)
    assert gone in {item.difference.model_id for item in page.items}


def test_the_feed_is_valid_atom_and_renders_a_hostile_name_inert(client: Client, upstreams: Any) -> None:
    from catalog.refresh import refresh_catalog
    from smartspawn.access.shapes import COMMAND_LINE

    upstreams.openrouter.append({**upstreams.openrouter[0], "id": "hostile/one", "name": "<script>alert(1)</script>"})
    refresh_catalog(actor=COMMAND_LINE, trigger="test", only=[Source.OPENROUTER])

    atom = "{http://www.w3.org/2005/Atom}"
    feed = ET.fromstring(client.get("/changes/feed.atom").content)
    ids = [element.text or "" for element in feed.iter(f"{atom}id")]
    shown = "".join(element.text or "" for element in feed.iter(f"{atom}summary"))  # as a reader would render it
    assert feed.findtext(f"{atom}author/{atom}name")
    assert len(ids) > 1
    assert all(urlsplit(item).scheme for item in ids)
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>" not in shown
    assert client.post("/changes/feed.atom").status_code == 405


def test_every_category_has_somebody_to_name(client: Client) -> None:
    for category in Category:
        assert get(client, f"/api/models?category={category}&limit=1")["data"], category
