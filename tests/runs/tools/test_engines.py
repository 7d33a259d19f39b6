"""Search providers: what each is asked, how its answer is read, and what is missing where none is set up."""

from __future__ import annotations

import pytest
from django.test import override_settings

from runs.tools.engines import Engine, SearchResult, find_engine, results_to_text, why_no_engine

ROW = {"url": "https://a.example/x", "title": "A  title", "content": "A snippet.", "description": "A snippet."}


def test_brave_is_asked_by_its_token():
    asking = Engine("brave", "https://api.search.brave.com", "secret").ask("moons & mars", 6)
    assert (
        asking.url == "https://api.search.brave.com/res/v1/web/search?q=moons+%26+mars&count=6&text_decorations=false"
    )
    assert asking.headers["X-Subscription-Token"] == "secret"
    assert asking.body is None


def test_tavily_is_asked_with_a_body():
    asking = Engine("tavily", "https://api.tavily.com", "secret").ask("moons", 6)
    assert (asking.url, asking.body) == ("https://api.tavily.com/search", {"query": "moons", "max_results": 6})
    assert asking.headers["Authorization"] == "Bearer secret"


def test_searxng_needs_no_key():
    assert Engine("searxng", "http://search.lan").ask("moons", 6).url == "http://search.lan/search?q=moons&format=json"


@pytest.mark.parametrize(
    ("name", "answer"),
    [("brave", {"web": {"results": [ROW]}}), ("tavily", {"results": [ROW]}), ("searxng", {"results": [ROW, ROW]})],
)
def test_results_are_read_once_each(name: str, answer: object):
    expected = (SearchResult("https://a.example/x", "A title", "A snippet."),)
    assert Engine(name, "").read(answer, 6) == expected


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"web": None}, {"web": {"results": [None, 5, {}]}}])
def test_an_answer_of_another_shape_holds_no_results(answer: object):
    assert Engine("brave", "").read(answer, 6) == ()


def test_addresses_that_are_none_of_the_web_are_left_out():
    rows = [
        {**ROW, "url": url} for url in ("file:///etc/passwd", "javascript:x", "http://[", "ftp://a/b", "https://ok/")
    ]
    assert [result.url for result in Engine("tavily", "").read({"results": rows}, 9)] == ["https://ok/"]


def test_no_more_results_than_asked_for_and_in_their_order():
    rows = [{**ROW, "url": f"https://a.example/{number}"} for number in range(9)]
    found = Engine("tavily", "").read({"results": rows}, 3)
    assert [result.url[-1] for result in found] == ["0", "1", "2"]
    assert results_to_text(found).startswith("1. A title\nhttps://a.example/0\nA snippet.\n\n2. ")


@pytest.mark.parametrize(
    ("provider", "key", "base_url", "why"),
    [
        ("", "", "", "No search provider is set up"),
        ("google", "k", "", "must be one of brave, tavily, searxng"),
        ("brave", "", "", "needs SEARCH_API_KEY"),
        ("searxng", "", "", "needs SEARCH_BASE_URL"),
        ("brave", "k", "", ""),
        ("searxng", "", "http://search.lan", ""),
    ],
)
def test_what_is_missing_is_named(provider: str, key: str, base_url: str, why: str):
    with override_settings(SEARCH_PROVIDER=provider, SEARCH_API_KEY=key, SEARCH_BASE_URL=base_url):
        assert why in why_no_engine()
        assert (find_engine() is None) is bool(why)


@override_settings(SEARCH_PROVIDER="brave", SEARCH_API_KEY="very-secret", SEARCH_BASE_URL="")
def test_a_key_is_never_shown():
    engine = find_engine()
    assert "very-secret" not in repr(engine)
    assert "very-secret" not in repr(engine.ask("x", 3))
    assert not engine.allows_private
