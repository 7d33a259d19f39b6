"""Make an API key for a person of this site and print it: the only time that it can be read."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Role, Scope, scopes_within
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default="command line", help="what the key is called in lists")
        parser.add_argument("--user", default="", help="whose key it is; without it the first active admin's")
        parser.add_argument("--scope", action="append", choices=list(Scope), help="may be repeated; default all")

    def handle(self, *_args: Any, name: str, user: str, scope: list[str] | None, **_options: Any) -> None:
        people = User.objects.filter(is_active=True).order_by("pk")
        owner = (people.filter(username=user) if user else people.filter(role=Role.ADMIN)).first()
        if owner is None:
            nobody = f"There is no active person {user!r}." if user else "There is no admin yet: sign in once."
            raise CommandError(nobody)
        scopes = frozenset(map(Scope, scope)) if scope else scopes_within(Role(owner.role))
        try:
            made = create_key(actor=owner.as_actor(), name=name, scopes=scopes, expires_at=None)
        except SmartSpawnError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(made.token)
