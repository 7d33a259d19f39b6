"""Judge the classifier by labelled prompts: accuracy, calibration, flips and speed."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from routing.classifier.classify import Classifier
from routing.classifier.evaluate import evaluation_payload, evaluation_text, judge, read_prompts
from smartspawn.lib.errors import BadInput


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = ()  # reads files alone: no database, no addresses

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE.jsonl", help="one labelled prompt a line")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--bundle", type=Path, metavar="DIR", help="instead of SMARTSPAWN_CLASSIFIER_DIR")

    def handle(self, *_args: Any, **options: Any) -> None:
        classifier = Classifier(options["bundle"] or Path(settings.CLASSIFIER_DIR))
        status = classifier.status()
        if not status.is_usable:
            self.stderr.write(f"Keywords stand in for the classifier: {status.fault}")
        try:
            prompts = [prompt for path in options["files"] for prompt in read_prompts(path)]
        except BadInput as error:
            raise CommandError(str(error)) from error
        payload = evaluation_payload(judge(prompts, classifier.classify_uncached))
        self.stdout.write(json.dumps(payload) if options["json"] else evaluation_text(payload))
