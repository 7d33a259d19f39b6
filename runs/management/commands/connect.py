"""``manage.py connect PROVIDER [--url URL]``: connect a provider; the key is asked for, or read from a pipe."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runs.connections.change import create_connection
from runs.connections.probe import check_connection
from runs.connections.shapes import ConnectionDraft
from runs.providers.known import KNOWN_PROVIDERS, find_known_provider
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = (
        "Connect a provider and test the connection. The key never stands on the command line, where other users of "
        "the machine could read it: it is asked for, or read from a pipe (manage.py connect openai < key.txt)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", choices=[provider.name for provider in KNOWN_PROVIDERS])
        parser.add_argument("--key", default="", help="how the connection is called; without it after its provider")
        parser.add_argument(
            "--url", default="", help="the address with its version, where it is not the provider's own"
        )
        parser.add_argument("--private", action="store_true", help="it may lie on this machine or a private network")
        parser.add_argument("--priority", type=int, default=0, help="of two that serve a model, the higher one first")

    def handle(self, *_args: Any, **options: Any) -> None:
        provider = find_known_provider(options["provider"])
        draft = ConnectionDraft(
            provider.name,
            key=options["key"],
            base_url=options["url"],
            secret=_read_secret(provider.title) if provider.needs_key else "",
            allows_private=options["private"] or provider.is_local,
            priority=options["priority"],
        )
        try:
            key = create_connection(actor=COMMAND_LINE, draft=draft)
            problem = check_connection(actor=COMMAND_LINE, key=key)
        except SmartSpawnError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"connected as '{key}'" + (f", but: {problem}" if problem else " and answering"))


def _read_secret(title: str) -> str:
    return getpass(f"API key of {title}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
