"""API keys: made, recognised and revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from smartspawn.access import audit
from smartspawn.access.models import ApiKey, User
from smartspawn.access.shapes import Actor, NewKey, Role, Scope
from smartspawn.access.tokens import KEY_MARK, digest, is_digest_of, key_prefix, make_key_token
from smartspawn.lib.errors import InvalidParam, NotAllowed, NotFound

_PURPOSE = "api-key"
# "When was it last used" needs no better answer, and reads must not become writes.
_LAST_USED_STEP = timedelta(minutes=1)
# A person's mistake or a runaway script must not fill the table.
MAX_KEYS_PER_PERSON = 50


def create_key(*, actor: Actor, name: str, scopes: frozenset[Scope], expires_at: datetime | None) -> NewKey:
    """A new key of the person who asks; its token is returned once and kept nowhere.

    Raises NotAllowed for a scope beyond the person's role and InvalidParam for a key that opens nothing.
    """
    if actor.user_id is None or actor.role is None:
        raise NotAllowed("Only a signed-in person can make an API key.")
    if not scopes:
        raise InvalidParam("Choose at least one thing that the key may do.")
    if not scopes <= actor.scopes:
        beyond = ", ".join(sorted(scopes - actor.scopes))
        raise NotAllowed(f"Your role does not reach {beyond}, so your key cannot either.")
    token = make_key_token()
    with transaction.atomic():
        _check_key_count(actor.user_id)
        key = ApiKey.objects.create(
            owner_id=actor.user_id,
            name=name,
            prefix=key_prefix(token),
            digest=digest(token, purpose=_PURPOSE),
            scopes=sorted(scopes),
            expires_at=expires_at,
        )
        facts = {"name": name, "scopes": sorted(scopes), "expires_at": expires_at}
        audit.record(actor=actor, action="key.create", subject=f"key {key.prefix}", after=facts)
    return NewKey(key_id=key.pk, token=token)


def _check_key_count(user_id: int) -> None:
    User.objects.select_for_update().get(pk=user_id)  # two requests at once count one after the other
    if ApiKey.objects.usable().filter(owner_id=user_id).count() >= MAX_KEYS_PER_PERSON:
        raise NotAllowed(f"You have {MAX_KEYS_PER_PERSON} keys. Revoke those that you no longer need.")


def find_key_actor(token: str, *, address: str = "") -> Actor | None:
    """The actor behind a key that opens something now, or None."""
    if not token.startswith(KEY_MARK):
        return None
    key = ApiKey.objects.usable().select_related("owner").filter(prefix=key_prefix(token)).first()
    if key is None or not is_digest_of(key.digest, token, purpose=_PURPOSE):
        return None
    _note_use(key)
    return key.as_actor(address)


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at <= now - _LAST_USED_STEP:
        # Conditional on what was read: of many requests at once, one writes.
        ApiKey.objects.filter(pk=key.pk, last_used_at=key.last_used_at).update(last_used_at=now)


def revoke_key(*, actor: Actor, key_id: int) -> None:
    """End a key for good; one's own, or anybody's for an admin. Revoking twice changes nothing."""
    keys = ApiKey.objects.all() if actor.has_role(Role.ADMIN) else ApiKey.objects.filter(owner_id=actor.user_id)
    with transaction.atomic():
        key = keys.filter(pk=key_id).select_related("owner").first()
        if key is None:
            raise NotFound("There is no such key.")
        if ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=timezone.now()):
            facts = {"name": key.name, "owner": key.owner.username, "scopes": key.scopes}
            audit.record(actor=actor, action="key.revoke", subject=f"key {key.prefix}", before=facts)


def visible_keys(*, actor: Actor) -> models.QuerySet[ApiKey]:
    """The keys that the person may see: an admin everybody's, others their own; newest first."""
    keys = ApiKey.objects.select_related("owner")
    return keys if actor.has_role(Role.ADMIN) else keys.filter(owner_id=actor.user_id)
