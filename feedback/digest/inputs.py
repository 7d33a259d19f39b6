"""Whose week is asked for."""

from __future__ import annotations

from rest_framework import serializers

from smartspawn.lib.errors import InvalidParam


class DigestInput(serializers.Serializer[bool]):
    """GET /api/digest; for tools and the document of the API."""

    of = serializers.ChoiceField(
        choices=["me", "all"], required=False, default="me", help_text="Everybody's week is for admins."
    )


def read_whose(text: str) -> bool:
    """Whether everybody's week is meant. Raises InvalidParam."""
    if text not in {"", "me", "all"}:
        raise InvalidParam("of must be 'me' or 'all'")
    return text == "all"
