"""Set what the port of Swarm's daemon may spend in a day (UTC); 0 lets nothing through."""

from __future__ import annotations

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from smartspawn.lib.errors import SmartSpawnError
from smartspawn.swarm.key import set_daily_cap


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("max_usd", help="dollars in a day, such as 5.00")

    def handle(self, *_args: Any, max_usd: str, **_options: Any) -> None:
        try:
            amount = Decimal(max_usd)
            if not amount.is_finite():
                raise InvalidOperation
            set_daily_cap(amount)
        except InvalidOperation as fault:
            raise CommandError(f"{max_usd!r} is no amount of dollars.") from fault
        except SmartSpawnError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"The daemon's port may spend ${amount:.2f} in a day.")
