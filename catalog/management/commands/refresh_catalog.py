"""Refresh the catalogue from the network, or from a folder of captures."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.refresh import RefreshOutcome, open_captures, refresh_catalog
from catalog.shapes import Source
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from-captures", type=Path, metavar="DIR", help="read saved answers instead of the network"
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="believe the captures however different they are from the data held, such as older ones",
        )
        parser.add_argument("--only", metavar="SOURCES", default="", help="comma-separated: " + ", ".join(Source))

    def handle(self, *_args: Any, **options: Any) -> None:
        started = time.perf_counter()
        directory: Path | None = options["from_captures"]
        trigger = f"captures {directory.name}" if directory else "command line"
        try:
            captures = open_captures(directory, is_forced=options["force"]) if directory else None
            outcome = refresh_catalog(
                actor=COMMAND_LINE, trigger=trigger, only=read_sources(options["only"]), captures=captures
            )
        except SmartSpawnError as error:
            raise CommandError(error.message) from error
        self._report(outcome, time.perf_counter() - started)

    def _report(self, outcome: RefreshOutcome, seconds: float) -> None:
        for item in outcome.collected:
            if item.parsed is None and not item.error:
                continue
            parsed = item.parsed
            rows = (len(parsed.models) or len(parsed.records)) if parsed else 0
            rejected = len(parsed.rejected) if parsed else 0
            state = "new" if item.is_new else "kept"
            self.stdout.write(f"{item.source:20} {state:5} {rows:6} rows  {rejected:3} rejected  {item.error}".rstrip())
            for warning in item.warnings:
                self.stdout.write(f"{'':20} warning: {warning}")
        verb = "published" if outcome.is_published else "unchanged"
        self.stdout.write(
            f"revision {outcome.revision} {verb}, {outcome.difference_count} differences, {seconds:.2f} s"
        )


def read_sources(text: str) -> list[Source]:
    """The named sources; raises CommandError for one that does not exist."""
    try:
        return [Source(word.strip()) for word in text.split(",") if word.strip()]
    except ValueError as error:
        raise CommandError(f"{error}. Use: {', '.join(Source)}") from error
