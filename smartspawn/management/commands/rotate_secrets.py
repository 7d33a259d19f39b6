"""``manage.py rotate_secrets [--make-key]``: seal every stored secret anew, with the newest key of SECRETS_KEYS."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandError

from catalog.source_states import reseal_source_keys
from runs.alerting.receivers import reseal_receivers
from runs.connections import reseal_connections


class Command(BaseCommand):
    help = (
        "Seal every stored secret anew, with the newest key of SECRETS_KEYS (the first). "
        "In order: put a new key in front of the old one (without SECRETS_KEYS, the old one stands in the file "
        "secrets_key in SMARTSPAWN_HOME), restart, run this, take the old key away, restart."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--make-key", action="store_true", help="print a fresh key for SECRETS_KEYS and do nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["make_key"]:
            self.stdout.write(Fernet.generate_key().decode())
            return
        unreadable: list[str] = []
        stored = (
            ("connection", reseal_connections),
            ("source", reseal_source_keys),
            ("alert receiver", reseal_receivers),
        )
        for noun, reseal in stored:
            resealed, lost = reseal()
            self.stdout.write(f"{noun}s: {len(resealed)} sealed anew, {len(lost)} cannot be opened")
            unreadable += [f"{noun} {name}" for name in lost]
        if unreadable:
            raise CommandError(
                f"No key at hand opens: {', '.join(unreadable)}. "
                "Put the key that sealed them back into SECRETS_KEYS, or enter these secrets again."
            )
