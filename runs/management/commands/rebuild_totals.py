"""Make balances and day totals again from the ledger."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs.ledger.rebuild import rebuild_totals


class Command(BaseCommand):
    help = "Make balances and day totals again from the ledger's lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether they agree; exit 1 if not")

    def handle(self, *_args: Any, **options: Any) -> None:
        rebuilt = rebuild_totals(is_check=options["check"])
        totals = rebuilt.totals
        wrong = f"{totals.wrong_total_count} of {totals.total_count} day totals, "
        wrong += f"{totals.wrong_facet_count} of {totals.facet_count} totals by facet, "
        wrong += f"{totals.wrong_bill_count} of {totals.bill_count} totals of bills and "
        wrong += f"{rebuilt.wrong_balance_count} of {rebuilt.balance_count} balances"
        if rebuilt.is_as_it_was:
            self.stdout.write(
                f"All {totals.total_count} day totals, {totals.facet_count} totals by facet, "
                f"{totals.bill_count} totals of bills and {rebuilt.balance_count} balances agree with the ledger."
            )
        elif options["check"]:
            raise CommandError(f"{wrong} do not agree with the ledger. Run it without --check.", returncode=1)
        else:
            self.stdout.write(f"{wrong} did not agree with the ledger; now they do.")
