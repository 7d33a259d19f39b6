"""What several of routing's API modules share: an answer in the envelope, and whose word it is that somebody sets."""

from __future__ import annotations

from django.http import HttpResponse

from catalog.encoded import encode
from smartspawn.access.keys import visible_keys
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam, NotFound


def json_answer(data: object) -> HttpResponse:
    """The answer's JSON, with all that routing's shapes hold."""
    return HttpResponse(encode({"data": data}), content_type="application/json")


def own_scope(actor: Actor, *, what: str) -> str:
    """Where the person who asks keeps a word of their own.

    Raises InvalidParam for a key: what its owner allows is not its own to say.
    """
    if actor.user_id is None or actor.key_id is not None:
        raise InvalidParam(f"{what} set by people, not by keys. Sign in.")
    return f"user:{actor.user_id}"


def key_scope(actor: Actor, key_id: int, *, what: str) -> str:
    """Where the word for one of this person's keys is kept. Raises NotFound for a key that they may not see."""
    own_scope(actor, what=what)
    if not visible_keys(actor=actor).filter(pk=key_id).exists():
        raise NotFound(f"No key {key_id} of yours.")
    return f"key:{key_id}"
