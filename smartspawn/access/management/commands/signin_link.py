"""``manage.py signin_link [--user NAME] [--minutes 15]``: print a link that signs one person in, once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from smartspawn.access.signin import LINK_LIFETIME, create_signin_link
from smartspawn.lib.errors import NotFound


class Command(BaseCommand):
    help = "Print a link that signs one person in, once. On an empty site it makes the first admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", help="whom to sign in; without it the first active admin")
        minutes = int(LINK_LIFETIME.total_seconds() // 60)
        parser.add_argument("--minutes", type=int, default=minutes, help=f"how long it lasts ({minutes})")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["minutes"] < 1:
            raise CommandError("--minutes must be at least 1.")
        try:
            link = create_signin_link(username=options["user"], lifetime=timedelta(minutes=options["minutes"]))
        except NotFound as error:
            raise CommandError(f"{error.message} Leave --user out, or name an active user.") from error
        self.stdout.write(link)
