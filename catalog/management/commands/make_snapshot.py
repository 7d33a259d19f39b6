"""Make the embedded snapshot from captures: only what may be redistributed goes in."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.embedded import EMBEDDED_PATH, EMBEDDED_SOURCES, EmbeddedSource, pack_embedded
from catalog.refresh import open_captures
from catalog.sources import find_source
from smartspawn.lib.errors import SmartSpawnError


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from-captures", type=Path, metavar="DIR", required=True)
        parser.add_argument("--out", type=Path, default=EMBEDDED_PATH)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            packed = make_snapshot(options["from_captures"])
        except SmartSpawnError as error:
            raise CommandError(error.message) from error
        options["out"].write_bytes(packed)
        self.stdout.write(f"{options['out']}: {len(packed):,} bytes")


def make_snapshot(captures: Path) -> bytes:
    """The embedded file's bytes. Raises CommandError when a source is missing from the folder."""
    moment = open_captures(captures).fetched_at
    sources = []
    for source in EMBEDDED_SOURCES:
        module = find_source(source)
        payloads = module.read_captures(captures, fetched_at=moment)
        if not payloads:
            raise CommandError(f"{captures} holds nothing of {source}.")
        sources.append(
            EmbeddedSource(
                fetched_at=moment,
                origin_sha256s=tuple(payload.sha256 for payload in payloads),
                parsed=module.parse(payloads),
            )
        )
    return pack_embedded(sources, [find_source(source).INFO.attribution for source in EMBEDDED_SOURCES])
