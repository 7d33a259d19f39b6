"""``manage.py prepare``: what must be true before the first process starts."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from smartspawn.checks import SETTINGS_TAG
from smartspawn.startup import CannotStart, prepare_site


class Command(BaseCommand):
    help = "Bring tables, schedules, catalogue and static files up to this version. `up` does it by itself."
    requires_system_checks = (SETTINGS_TAG,)

    def handle(self, *_args: object, **_options: object) -> None:
        try:
            prepare_site(self.stdout.write)
        except CannotStart as reason:
            raise CommandError(str(reason), returncode=reason.exit_code) from reason
