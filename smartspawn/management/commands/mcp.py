"""Speak the Model Context Protocol over standard input and output, as a person of this site."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFault

from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Actor, Role


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--user", default="", help="whose runs and ratings these are; else the first active admin's"
        )

    def handle(self, *_args: Any, user: str, **_options: Any) -> None:
        try:
            caller = _caller(user)
        except DatabaseFault as error:
            raise CommandError(f"The site's database cannot be used ({error}). Start the site first.") from error
        asyncio.run(_serve(caller))


def _caller(name: str) -> Actor:
    """The person: ratings, spend and the week are somebody's. Before anybody signed in, the command line itself."""
    people = User.objects.filter(is_active=True).order_by("pk")
    person = (people.filter(username=name) if name else people.filter(role=Role.ADMIN)).first()
    if name and person is None:
        raise CommandError(f"There is no active person '{name[:80]}'.")
    return person.as_actor() if person else COMMAND_LINE


async def _serve(caller: Actor) -> None:
    from mcp.server.stdio import stdio_server

    from smartspawn.mcp.server import make_server

    server = make_server(lambda _context: caller)
    try:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    except* BrokenPipeError:
        pass  # who asked is gone, and nobody else is there to be told
