"""Print the last seven days beside the seven before, as text for a chat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from feedback.digest.text import write_week
from feedback.digest.week import week_of
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", default="", help="This person's week; everybody's if nobody is named.")

    def handle(self, *_args: Any, **options: Any) -> None:
        name: str = options["user"]
        person = User.objects.filter(username=name).first() if name else None
        if name and person is None:
            raise CommandError(f"There is nobody called '{name[:80]}'.")
        week = week_of(person.as_actor()) if person else week_of(COMMAND_LINE, is_everybodys=True)
        self.stdout.write(write_week(week))
