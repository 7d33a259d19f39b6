"""``manage.py prune [KIND...] [--dry-run]``: let go what is older than the settings keep it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from smartspawn.lib.errors import InvalidParam
from smartspawn.storage.pruning import prune


class Command(BaseCommand):
    help = (
        "Let go what is older than the settings keep it: texts, events, reports without a name, and more. The ledger "
        "is never touched. The schedule does the same once a day. Others go on writing meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kinds", nargs="*", metavar="KIND", help="only these; without any, all of them")
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            found = prune(only=options["kinds"], is_dry_run=options["dry_run"])
        except InvalidParam as refusal:
            raise CommandError(refusal.message) from refusal
        verb = "would go" if options["dry_run"] else "gone"
        for pruned in found:
            count = "not known before it is done" if pruned.count is None else f"{pruned.count:,} {verb}"
            self.stdout.write(f"{pruned.key:<16} {count:<32} {pruned.title}")
