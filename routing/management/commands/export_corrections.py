"""Write what people corrected as labelled prompts, for training and for evaluate_classifier."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.corrections_export import export_lines


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, metavar="FILE", help="a file to write; without it, standard output")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path | None = options["out"]
        if path is None:
            for line in export_lines():
                self.stdout.write(line, ending="")
            return
        try:
            with path.open("w", encoding="utf-8") as file:
                count = sum(1 for line in export_lines() if file.write(line))
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}") from error
        self.stderr.write(f"{count} tasks written to {path}")
