"""What is read of a page, and what is left out."""

from __future__ import annotations

import pytest

from runs.tools.pages import read_page

PAGE = """<!doctype html><html><head><title>The  Moons
of Mars</title><style>p{}</style><script>if (a<b) alert(1)</script></head><body>
<nav><a href=/>Home</a> <a href=/x>More</a></nav>
<main><h1>Moons</h1><p>Mars has <b>two</b> moons&nbsp;&mdash; Phobos &amp; Deimos.</p>
<ul><li>Phobos</li><li>Deimos</li></ul>
<table><tr><th>Moon</th><th>km</th></tr><tr><td>Phobos</td><td>22</td></tr></table></main>
<footer>All rights reserved</footer></body></html>"""


def text_of(html: str, content_type: str = "text/html; charset=utf-8") -> str:
    page = read_page(html.encode(), content_type)
    assert page is not None
    return page.text


def test_the_text_of_a_page_keeps_its_headings_lists_and_tables():
    text = text_of(PAGE)
    assert text.startswith("# Moons\n\nMars has two moons — Phobos & Deimos.")
    assert "- Phobos\n- Deimos" in text
    assert "| Phobos | 22" in text


@pytest.mark.parametrize("framing", ["Home", "All rights reserved", "alert", "p{}"])
def test_what_frames_a_page_is_left_out(framing: str):
    assert framing not in text_of(PAGE)


def test_the_title_is_on_one_line():
    assert read_page(PAGE.encode(), "text/html").title == "The Moons of Mars"


def test_a_menu_that_is_never_closed_does_not_swallow_the_page():
    body = "".join(f"<p>Sentence number {number} of the article.</p>" for number in range(200))
    assert "Sentence number 199" in text_of(f"<body><nav><a>Home</a>{body}</body>")


def test_a_head_that_is_never_closed_does_not_swallow_the_page():
    assert text_of("<html><head><title>T</title><body><p>Text.</p>") == "Text."


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Træ".encode("latin-1"), "text/html; charset=iso-8859-1"),
        (b'<meta charset="windows-1252"><p>' + "Træ".encode("cp1252"), "text/html"),
        ("Træ".encode(), "text/html; charset=no-such-charset"),
        ("Træ".encode(), "text/plain"),
    ],
)
def test_the_charset_is_the_one_that_is_named(body: bytes, content_type: str):
    assert read_page(body, content_type).text == "Træ"


@pytest.mark.parametrize("content_type", ["application/pdf", "image/png", "application/octet-stream"])
def test_what_is_no_text_is_no_page(content_type: str):
    assert read_page(b"%PDF-1.7", content_type) is None


def test_damaged_html_still_gives_its_text():
    assert "b < c" in text_of("<p>a <b>b < c</p></div></b><p")
