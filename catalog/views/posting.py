"""What the forms about one name carry, and how it is taken over."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from django.contrib import messages

from catalog import queries
from catalog.corrections import set_alias
from catalog.models import AliasRow
from catalog.shapes import Alias, Source
from catalog.tasks import rebuild_soon
from smartspawn.access.requests import ActorRequest
from smartspawn.lib.errors import InvalidParam, MissingParam

SOURCE_CHOICES: Final = (("", "every source"), *((str(key), str(key)) for key in Source))


def posted_alias(request: ActorRequest) -> Alias:
    """The alias that the form carries; "not listed" beats the model field."""
    said = request.POST
    model_id = "" if said.get("is_not_listed") else said.get("model_id", "").strip()
    return Alias(source=said.get("source", ""), name=said.get("name", ""), model_id=model_id, why=said.get("why", ""))


def save_alias(request: ActorRequest, alias: Alias) -> AliasRow:
    """Check, store and rebuild; raises BadInput for what cannot be meant."""
    if alias.source and alias.source not in set(Source):
        raise InvalidParam(f"There is no source '{alias.source[:40]}'.")
    if not request.POST.get("is_not_listed"):
        check_listed(alias.model_id)
    row = set_alias(actor=request.actor, alias=alias)
    rebuild(request, trigger=f"alias: {alias.name}")
    return row


def rebuild(request: ActorRequest, *, trigger: str) -> None:
    """Have a stored correction counted, and say that it will be."""
    rebuild_soon(actor=request.actor, trigger=trigger)
    messages.info(request, "It is stored, and counts within seconds: the catalogue is being built again.")


def check_listed(model_id: str) -> None:
    """Raise BadInput, with what may have been meant, unless the catalogue lists this model."""
    if not model_id:
        raise MissingParam("Choose a model, or say that it is not listed.")
    known = queries.entries_by_id()
    if model_id not in known:
        similar = get_close_matches(model_id, known, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
        raise InvalidParam(f"The catalogue lists no '{model_id[:100]}'.{hint}")
