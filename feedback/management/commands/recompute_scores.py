"""Work out from all ratings what is known of every model, person by person, and publish it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from feedback.log import sync_runs
from feedback.teach import relearn_everybody


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *_args: Any, **_options: Any) -> None:
        nodes = sync_runs()
        self.stdout.write(f"{nodes} nodes of runs logged; the scores of {relearn_everybody()} people are up to date.")
