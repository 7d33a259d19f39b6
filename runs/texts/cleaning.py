"""Texts from outside in a form that every database and every JSON can hold. Pure."""

from __future__ import annotations

from typing import Final

from runs.shapes import Json

_NUL: Final = "\x00"  # PostgreSQL keeps none
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def clean_text(text: str) -> str:
    """The text without NULs and halves of surrogate pairs, which a provider may send."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text.replace(_NUL, _REPLACEMENT) if _NUL in text else text


def clean_json(value: Json) -> Json:
    """The same for every text in a value."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [clean_json(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): clean_json(item) for key, item in value.items()}
    return value
