"""Import the scores of a community from a file, as GET /api/community/aggregate of a community server gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from feedback.community.fetching import parse
from feedback.community.inputs import read_aggregate
from feedback.community.publishing import keep_aggregate
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="A JSON file of at most 2 MB.")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            aggregate = read_aggregate(parse(path.read_bytes()))
            keep_aggregate(aggregate=aggregate, actor=COMMAND_LINE, is_imported=True)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}") from error
        except SmartSpawnError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{len(aggregate.scores)} scores of publisher {aggregate.publisher} count from now on.")
