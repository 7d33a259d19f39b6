"""Which search provider the site uses, and how each is asked and read. The reading is pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings

MOST_RESULTS: Final = 20
_LONGEST_FIELD: Final = 2_000
_LONGEST_QUERY: Final = 400
_MOST_WORDS: Final = 50
_MARKS: Final = re.compile(r"</?(?:strong|b|em|i|mark|br)\s*/?>", re.IGNORECASE)  # around the words that were found


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page that a search provider found."""

    url: str
    title: str
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """One request to a search provider."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = None  # None: GET


@dataclass(frozen=True, slots=True)
class Engine:
    """A search provider as this site uses it."""

    name: str
    base_url: str
    key: str = field(default="", repr=False)
    allows_private: bool = False  # whoever sets an address of their own may have their server next door

    def ask(self, query: str, count: int) -> Asking:
        """The request for so many results."""
        return _ADAPTERS[self.name].ask(self, query, count)

    def read(self, answer: Any, count: int) -> tuple[SearchResult, ...]:
        """The results in the answer, each address once; what is no web address is left out."""
        rows = _ADAPTERS[self.name].rows(answer)
        results = [_result(row) for row in rows if isinstance(row, Mapping)]
        usable = {result.url: result for result in reversed(results) if _is_web(result.url)}
        return tuple(reversed(usable.values()))[:count]


@dataclass(frozen=True, slots=True)
class _Adapter:
    base_url: str
    needs_key: bool
    ask: Callable[[Engine, str, int], Asking]
    rows: Callable[[Any], Sequence[Any]]


def find_engine() -> Engine | None:
    """The search provider that the settings name, or None where there is none or it lacks what it needs."""
    name, key, base_url = settings.SEARCH_PROVIDER, settings.SEARCH_API_KEY, settings.SEARCH_BASE_URL
    adapter = _ADAPTERS.get(name)
    if adapter is None or (adapter.needs_key and not key) or not (base_url or adapter.base_url):
        return None
    return Engine(name, (base_url or adapter.base_url).rstrip("/"), key, allows_private=bool(base_url))


def why_no_engine() -> str:
    """What is missing before searching works; "" where it does."""
    if find_engine() is not None:
        return ""
    name = settings.SEARCH_PROVIDER
    if not name:
        return f"No search provider is set up: set SEARCH_PROVIDER to one of {', '.join(_ADAPTERS)}."
    if name not in _ADAPTERS:
        return f"SEARCH_PROVIDER is '{name[:40]}'; it must be one of {', '.join(_ADAPTERS)}."
    missing = "SEARCH_API_KEY" if _ADAPTERS[name].needs_key else "SEARCH_BASE_URL"
    return f"SEARCH_PROVIDER is {name}, which needs {missing}."


# --- the providers -------------------------------------------------------------------------


def _ask_brave(engine: Engine, query: str, count: int) -> Asking:
    asked = {"q": _bounded(query), "count": count, "text_decorations": "false"}
    return Asking(
        f"{engine.base_url}/res/v1/web/search?{urlencode(asked)}",
        {"Accept": "application/json", "X-Subscription-Token": engine.key},
    )


def _ask_tavily(engine: Engine, query: str, count: int) -> Asking:
    headers = {"Authorization": f"Bearer {engine.key}", "Content-Type": "application/json"}
    return Asking(f"{engine.base_url}/search", headers, {"query": _bounded(query), "max_results": count})


def _ask_searxng(engine: Engine, query: str, count: int) -> Asking:  # noqa: ARG001 - it answers with a page of its own size
    return Asking(f"{engine.base_url}/search?{urlencode({'q': _bounded(query), 'format': 'json'})}")


def _bounded(query: str) -> str:
    """As much of the query as every provider takes; Brave refuses one that is longer."""
    return " ".join(query.split()[:_MOST_WORDS])[:_LONGEST_QUERY]


def _rows_below(*path: str) -> Callable[[Any], Sequence[Any]]:
    def rows(answer: Any) -> Sequence[Any]:
        for name in path:
            answer = answer.get(name) if isinstance(answer, Mapping) else None
        return answer if isinstance(answer, list) else ()

    return rows


_ADAPTERS: Final[Mapping[str, _Adapter]] = MappingProxyType(
    {
        "brave": _Adapter("https://api.search.brave.com", True, _ask_brave, _rows_below("web", "results")),
        "tavily": _Adapter("https://api.tavily.com", True, _ask_tavily, _rows_below("results")),
        "searxng": _Adapter("", False, _ask_searxng, _rows_below("results")),
    }
)


def _result(row: Mapping[str, Any]) -> SearchResult:
    snippet = row.get("description") or row.get("content") or ""
    return SearchResult(_address(row.get("url")), _text(row.get("title")), _text(snippet))


def _address(value: object) -> str:
    return value.strip()[:_LONGEST_FIELD] if isinstance(value, str) else ""


def _text(value: object) -> str:
    """One line of plain text: some providers write it as HTML."""
    return " ".join(unescape(_MARKS.sub("", value)).split())[:_LONGEST_FIELD] if isinstance(value, str) else ""


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def explain_refusal(name: str, status: int) -> str:
    """What a search provider's status means, and what to do about it."""
    if name == "searxng" and status == 403:
        return "The search server refuses JSON (403): allow it under search.formats in its settings.yml."
    if status in (401, 403):
        return f"The search provider {name} refuses the key ({status}). Look at SEARCH_API_KEY."
    if status in (402, 429, 432, 433):  # the last two are Tavily's, for a plan or a limit that is used up
        return f"The search provider {name} gives no more for now ({status}): a limit, or the credit, is used up."
    if status == 404:
        return f"The search provider {name} has nothing at this address (404). Look at SEARCH_BASE_URL."
    return f"The search provider {name} answered with status {status}."


def results_to_text(results: Sequence[SearchResult]) -> str:
    """The results for a reader."""
    return "\n\n".join(
        f"{number}. {result.title}\n{result.url}\n{result.snippet}".rstrip() for number, result in enumerate(results, 1)
    )


def results_to_json(results: Sequence[SearchResult]) -> list[Any]:
    """The results for the node that fetches them."""
    return [{"url": item.url, "title": item.title} for item in results]
