"""Load the snapshot that ships with the product, so that a fresh site is never empty."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.embedded import EMBEDDED_PATH
from catalog.models import StoredSnapshot
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is a catalogue already")
        parser.add_argument("--file", type=Path, default=EMBEDDED_PATH, help="another file of the same format")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["if_empty"] and StoredSnapshot.objects.exists():
            return
        from catalog.load import load_embedded  # heavy, and every start but the first has returned

        try:
            outcome = load_embedded(actor=COMMAND_LINE, path=options["file"])
        except SmartSpawnError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Loaded the embedded catalogue as revision {outcome.revision}.")
