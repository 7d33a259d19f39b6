"""The text of a web page, without what frames it: menus, scripts, forms. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

_SILENT: Final = frozenset({"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "head"})
_FRAME: Final = frozenset({"nav", "header", "footer", "aside", "form", "button", "select", "dialog"})
_BLOCKS: Final = frozenset(
    {
        "p",
        "div",
        "section",
        "article",
        "main",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "table",
        "thead",
        "tbody",
        "tr",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "dl",
        "dt",
        "dd",
        "hr",
        "br",
        "address",
        "details",
        "summary",
    }
)
_HEADINGS: Final = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "#### ", "h6": "#### "}
_CELLS: Final = frozenset({"td", "th"})
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_META_CHARSET: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,40})""", re.IGNORECASE)
# So little text of so large a page: the frame was all there was, or was never closed.
_SUSPICIOUS_TEXT_CHARS: Final = 300
_SUSPICIOUS_PAGE_CHARS: Final = 3_000


@dataclass(frozen=True, slots=True)
class PageText:
    """What a reader sees of a page."""

    title: str
    text: str


def read_page(body: bytes, content_type: str) -> PageText | None:
    """The page's title and text; None for what is no text."""
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    if kind in ("text/html", "application/xhtml+xml", ""):
        return _read_html(_decode(body, parameters))
    if kind.startswith("text/") or kind in ("application/json", "application/xml") or kind.endswith(("+json", "+xml")):
        return PageText("", _tidy(_decode(body, parameters)))
    return None


def _read_html(html: str) -> PageText:
    page = _extract(html, _SILENT | _FRAME)
    if len(page.text) < _SUSPICIOUS_TEXT_CHARS and len(html) > _SUSPICIOUS_PAGE_CHARS:
        fuller = _extract(html, _SILENT - {"head"})
        return fuller if len(fuller.text) > len(page.text) else page
    return page


def _extract(html: str, left_out: frozenset[str]) -> PageText:
    reader = _Reader(left_out)
    reader.feed(html)
    reader.close()
    return PageText(" ".join("".join(reader.title).split())[:300], _tidy("".join(reader.parts)))


class _Reader(HTMLParser):
    """Collects text; what stands inside the left-out elements is not collected."""

    def __init__(self, left_out: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title: list[str] = []
        self._left_out = left_out
        self._skipping: list[str] = []
        self._is_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's interface
        self._is_title = tag == "title"
        if tag == "body":
            self._skipping.clear()  # a head that was never closed ends here
        elif tag in self._left_out:
            self._skipping.append(tag)
        elif not self._skipping:
            self.parts.append(_opening(tag))

    def handle_endtag(self, tag: str) -> None:
        self._is_title = False
        if tag in self._skipping:
            # Also ends what was opened inside of it and never closed.
            del self._skipping[len(self._skipping) - 1 - self._skipping[::-1].index(tag) :]
        elif not self._skipping and tag in _BLOCKS and tag != "tr":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._is_title:
            self.title.append(data)
        elif not self._skipping:
            self.parts.append(data)


def _opening(tag: str) -> str:
    if tag in _HEADINGS:
        return f"\n\n{_HEADINGS[tag]}"
    if tag == "li":
        return "\n- "
    if tag in _CELLS:
        return " | "
    return "\n" if tag in _BLOCKS else ""


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.replace("\r", "\n").split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _decode(body: bytes, parameters: str) -> str:
    """The text in the charset that the server or the page names; what cannot be read becomes a visible mark."""
    named = re.search(r"charset\s*=\s*[\"']?([\w-]{2,40})", parameters, re.IGNORECASE)
    found = _META_CHARSET.search(body[:4_096])
    for charset in (named.group(1) if named else "", found.group(1).decode("ascii") if found else ""):
        try:
            if charset:
                return body.decode(charset, "replace")
        except LookupError:  # a charset that nobody knows
            continue
    return body.decode("utf-8", "replace")
