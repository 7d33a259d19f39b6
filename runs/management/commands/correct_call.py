"""Put right what the ledger says that a call cost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs.correcting.book import correct_call
from runs.money import format_usd, to_nano
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = "Put right what the ledger says that a call cost, by lines added to it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("call_id", type=UUID)
        parser.add_argument("cost_usd", help="what the provider's bill says, in dollars")
        parser.add_argument("--why", required=True, help="for the audit log")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            cost = to_nano(options["cost_usd"])
            done = correct_call(actor=COMMAND_LINE, call_id=options["call_id"], cost_nano_usd=cost, why=options["why"])
        except SmartSpawnError as refusal:
            raise CommandError(refusal.message) from refusal
        change = done.change_nano_usd
        self.stdout.write(f"The call now costs {format_usd(cost)} ({'+' if change >= 0 else ''}{format_usd(change)}).")
