"""``manage.py connect_simulator [URL]``: have simulated runs answered by the provider simulator."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runs.connections.probe import check_connection
from runs.connections.simulator import DEFAULT_URL, connect_simulator
from runs.shapes import Protocol
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = "Have simulated runs answered by the provider simulator; start it with simulate_provider."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", nargs="?", default=DEFAULT_URL, help=f"where it answers ({DEFAULT_URL})")
        protocols = [protocol.value for protocol in Protocol]
        parser.add_argument("--protocol", choices=protocols, default=Protocol.OPENAI.value)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            protocol = Protocol(options["protocol"])
            key = connect_simulator(actor=COMMAND_LINE, url=options["url"], protocol=protocol)
            problem = check_connection(actor=COMMAND_LINE, key=key)
        except SmartSpawnError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"connected as '{key}'" + (f", but: {problem}" if problem else " and answering"))
