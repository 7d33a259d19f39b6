"""Hide what must never be split: code, logs, quotations. The mask has the text's length, so places agree."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "\ue000"  # a private character: no word, no space, no punctuation

_LINE_ENDS: Final = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_WIDEST_GAP: Final = 40
_WIDE_GAP: Final = re.compile(rf"[ \t\u3000]{{{_WIDEST_GAP + 1},}}")
_TALL_GAP: Final = re.compile(r"\n{3,}")
_FENCE: Final = re.compile(r"\s{0,12}(?:[-*+]\s|\d{1,3}[.)]\s)?\s*(`{3,}|~{3,})")
_LOG_LINE: Final = re.compile(
    r"""\s*(?:
        \[?\d{4}[-/]\d\d[-/]\d\d[T ,]+\d\d:\d\d            # 2026-01-31 12:30 ...
      | \[?\d\d:\d\d:\d\d\b                                # 12:30:01 ...
      | (?:\[|\()?(?:INFO|DEBUG|WARN|WARNING|ERROR|FATAL|TRACE|CRITICAL)(?:\]|\))?[\s:]
      | Traceback\ \(most\ recent
      | File\ ".{1,200}",\ line\ \d
      | at\ \S{1,200}\ ?\(\S{0,200}\)\s*$                  # a frame of a JavaScript or Java stack
      | at\ \S{1,200}:\d+
      | Caused\ by:
      | (?:[\w.]{1,80})?(?:Error|Exception)(?::|\s*$)
      | (?:npm|yarn)\ (?:ERR!|error)
      | (?:\$|>>>|\#!)\s?\S
    )""",
    re.VERBOSE,
)
_PATCH_START: Final = re.compile(r"(?:diff --git |@@ -\d|--- (?:a/|/dev/null)|\+\+\+ b/)")
_PATCH_LINE: Final = re.compile(r"[-+ @]|diff |index |\\ ")
_INLINE: Final = re.compile(
    r"`[^`\n]{1,400}`"
    r'|"[^"\n]{1,400}"'
    r"|“[^”\n]{1,400}”|„[^“”\n]{1,400}[“”]|«[^»\n]{1,400}»|「[^」\n]{1,400}」|『[^』\n]{1,400}』"
    r"|(?<!\w)'[^'\n]{1,200}'(?!\w)"
    r"|\([^()\n]{1,400}\)|\[[^\[\]\n]{1,400}\]"
    r"|https?://\S{1,2000}"
)


def normalise_lines(text: str) -> str:
    """The text with one kind of line end and without a byte order mark or long stretches of nothing."""
    text = _LINE_ENDS.sub("\n", text.removeprefix("\ufeff"))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _WIDE_GAP.sub(" " * _WIDEST_GAP, _TALL_GAP.sub("\n\n", text))


def hide_blocks(text: str) -> str:
    """The text with every character of fenced code, logs and patches hidden; line ends stay."""
    fence = ""
    in_patch = False
    lines = []
    for line in text.split("\n"):
        opening = _FENCE.match(line)
        in_patch = not fence and (bool(_PATCH_START.match(line)) or (in_patch and bool(_PATCH_LINE.match(line))))
        is_hidden = bool(fence or opening or in_patch or _LOG_LINE.match(line))
        if opening and (not fence or opening.group(1).startswith(fence)):
            fence = "" if fence else opening.group(1)
        lines.append(HIDDEN * len(line) if is_hidden else line)
    return "\n".join(lines)


def hide_inline(masked: str) -> str:
    """The text with quotations, brackets, inline code and addresses hidden too."""
    return _INLINE.sub(lambda found: HIDDEN * len(found.group()), masked)
