"""Judge the scores by sources they were not made from: leave each one out and see what it says of the picks."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.evaluation import evaluate_scoring, evaluation_payload, evaluation_text
from catalog.matching import build_index, load_shipped_aliases, match_records
from catalog.shapes import ModelFacts, SourceRecord
from catalog.sources import SOURCES
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = ()  # reads files alone: no database, no addresses

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from-captures", type=Path, metavar="DIR", required=True, help="saved answers of sources")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        models, records = self._read(options["from_captures"])
        if not models:
            raise CommandError(f"{options['from_captures']} holds no model list (openrouter.json).")
        evaluation = evaluate_scoring(
            models=models,
            records=records,
            matches=match_records(build_index(models, load_shipped_aliases()), records),
            as_of=_newest_listing(models),
        )
        if options["json"]:
            self.stdout.write(json.dumps(evaluation_payload(evaluation), ensure_ascii=False))
        else:
            self.stdout.write(evaluation_text(evaluation))

    def _read(self, directory: Path) -> tuple[list[ModelFacts], list[SourceRecord]]:
        """Everything that the folder holds; a source that cannot be read is reported and left out."""
        now = datetime.now(UTC)
        models: list[ModelFacts] = []
        records: list[SourceRecord] = []
        for module in SOURCES:
            payloads = module.read_captures(directory, fetched_at=now)
            if not payloads:
                continue
            try:
                parsed = module.parse(payloads)
            except SmartSpawnError as error:
                self.stderr.write(f"{module.INFO.title}: {error.message}")
                continue
            models += parsed.models
            records += parsed.records
        return models, records


def _newest_listing(models: list[ModelFacts]) -> date:
    """The day of the catalogue itself: saved answers do not say when they were saved."""
    listed = [facts.created_at for facts in models if facts.created_at is not None]
    return max(listed).date() if listed else datetime.now(UTC).date()
