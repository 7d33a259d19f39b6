"""What models write, as HTML that can do nothing: no markup of their own, no image from elsewhere, no script."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

# Longer texts are shown as they are: the worst of them, headings without end, would hold a thread for seconds.
LONGEST_RENDERED: Final = 100_000
# What a page shows of a text at most; whole it can be had as a file.
LONGEST_SHOWN: Final = 400_000


def render_markdown(text: str) -> SafeString:
    """The text as HTML. Raw HTML in it is shown as text, links open nothing but web addresses."""
    if len(text) > LONGEST_RENDERED:
        return _as_it_is(text)
    html: str = _renderer().render(text)
    return SafeString(html)  # markdown-it escaped everything that is not its own; see _renderer


def _as_it_is(text: str) -> SafeString:
    shown = format_html('<pre class="plain-text">{}</pre>', text[:LONGEST_SHOWN])
    if len(text) <= LONGEST_SHOWN:
        return shown
    mark = '{}<p class="small quiet">These are the first {} of {} characters: download it to read on.</p>'
    return format_html(mark, shown, f"{LONGEST_SHOWN:,}", f"{len(text):,}")


@cache
def _renderer() -> MarkdownIt:
    # "js-default" has html off, and its link check refuses javascript:, vbscript:, file: and data: addresses.
    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})
    parser.disable("image")  # a page loads nothing from outside hosts: ![x](y) becomes ! and a link
    parser.add_render_rule("link_open", _link_open)
    return parser


def _link_open(self: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    tokens[index].attrSet("target", "_blank")
    return self.renderToken(tokens, index, options, env)
