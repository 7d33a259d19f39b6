"""What models write is hostile until shown otherwise."""

from __future__ import annotations

import pytest

from runs.texts.markdown import render_markdown


def test_headings_lists_and_code_become_html() -> None:
    html = render_markdown("# Plan\n\n- one\n- two\n\n```py\nx < 1\n```")
    assert "<h1>Plan</h1>" in html
    assert html.count("<li>") == 2
    assert "x &lt; 1" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onmouseover='x'>b</b>",
        "[a](javascript:alert(1))",
        "[a](  JaVaScRiPt:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:x)",
        "![a](https://tracker.example/pixel.png)",
        "![a][r]\n\n[r]: https://tracker.example/pixel.png",
        '<https://x.example/"onclick=alert(1)>',
        '```"><script>alert(1)</script>\nx\n```',
    ],
)
def test_nothing_that_a_model_writes_becomes_script_image_or_handler(text: str) -> None:
    html = render_markdown(text)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html.lower()
    assert 'href="data' not in html.lower()
    assert 'href="vbscript' not in html.lower()
    assert " onerror=" not in html.replace("&lt;img src=x onerror=", "")
    assert '"onclick' not in html


def test_links_open_apart_and_tell_nobody_where_they_were() -> None:
    html = render_markdown("[docs](https://example.org/a?b=1&c=2)")
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_deep_nesting_ends() -> None:
    assert render_markdown("> " * 5000 + "x")
    assert render_markdown("[" * 5000)


def test_a_text_that_is_too_long_to_render_is_shown_as_it_is() -> None:
    html = render_markdown("# <b>\n" * 20_000)
    assert html.startswith('<pre class="plain-text"># &lt;b&gt;\n')
    assert "download" not in html


def test_a_text_that_is_too_long_to_show_says_how_much_is_left_out() -> None:
    html = render_markdown("w" * 1_000_000)
    assert html.count("w") < 400_100
    assert "the first 400,000 of 1,000,000 characters" in html
