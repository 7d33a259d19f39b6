"""Write what people said of labels and of work as a file in the training format, and evaluate the classifier on it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.production.evaluate import evaluate_feedback, evaluation_lines
from feedback.production.export import export_feedback
from routing.classifier.classify import configured_classifier


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "out", nargs="?", type=Path, metavar="FILE", help="the file to write; without it, or -, standard output"
        )
        parser.add_argument("--evaluate", action="store_true", help="say how the bundle in use does on it")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path | None = options["out"]
        if path is None or str(path) == "-":
            if options["evaluate"]:
                raise CommandError("--evaluate needs a FILE: what it says would stand among the tasks.")
            for line in export_feedback():
                self.stdout.write(line, ending="")
            return
        try:
            with path.open("w", encoding="utf-8") as file:
                count = sum(1 for line in export_feedback() if file.write(line))
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}") from error
        self.stdout.write(f"{count} tasks written to {path}")
        if options["evaluate"]:
            with path.open(encoding="utf-8") as file:
                found = evaluate_feedback(file, configured_classifier().classify_uncached)
            for line in evaluation_lines(found):
                self.stdout.write(line)
