"""``match_names FILE.csv``: one line for each name, with the model that it means and why."""

from __future__ import annotations

import csv
import io
import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from django.core.management.base import BaseCommand, CommandError

from catalog.matching import match_records
from catalog.queries import current_name_index
from catalog.shapes import Match, Source, SourceRecord

_COLUMNS: Final = ("source", "source_name", "source_slug", "source_org")
_FIELDS: Final = ("source", "source_name", "openrouter_id", "rule", "confidence", "effort", "reason")
_NO_MODEL: Final = "NONE"
_BAD_FILE: Final = 2
# How the letters and digits of a source's name may begin: "AA", "lmarena_text", "HF Open LLM Leaderboard".
_BEGINNINGS: Final = {
    "artificialanalysis": Source.ARTIFICIAL_ANALYSIS,
    "aa": Source.ARTIFICIAL_ANALYSIS,
    "lmarena": Source.LMARENA,
    "lmsys": Source.LMARENA,
    "chatbotarena": Source.LMARENA,
    "arena": Source.LMARENA,
    "livebench": Source.LIVEBENCH,
    "hf": Source.HF_LEADERBOARD,
    "huggingface": Source.HF_LEADERBOARD,
    "openllm": Source.HF_LEADERBOARD,
}


class Command(BaseCommand):
    help = "Say for each name in a CSV file which listed model it means, how that was found and how sure it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv", help=f"columns: {', '.join(_COLUMNS)}")
        parser.add_argument("--json", action="store_true", help="one JSON object on each line instead of CSV")

    def handle(self, *, file: Path, json: bool, **_options: object) -> None:
        rows = list(_read(file))
        matches = match_records(current_name_index(), [record for _, record in rows])
        lines = (_line(source, match) for (source, _), match in zip(rows, matches, strict=True))
        self.stdout.write(_as_json_lines(lines) if json else _as_csv(lines), ending="")


def _read(file: Path) -> Iterator[tuple[str, SourceRecord]]:
    """The rows of the file, each with its source as the file spells it."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise CommandError(f"{file} cannot be read: {fault}", returncode=_BAD_FILE) from fault
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise CommandError(f"{file} has no column {' and no column '.join(missing)}.", returncode=_BAD_FILE)
        for row in reader:
            yield row["source"] or "", _record(row, file, reader.line_num)
    except csv.Error as fault:
        raise CommandError(f"{file}, after line {reader.line_num}: {fault}.", returncode=_BAD_FILE) from fault


def _record(row: Mapping[str, str | None], file: Path, line: int) -> SourceRecord:
    spelt = "".join(filter(str.isalnum, (row["source"] or "").casefold()))
    source = next((source for beginning, source in _BEGINNINGS.items() if spelt.startswith(beginning)), None)
    if source is None:
        known = ", ".join(source for source in Source if source is not Source.OPENROUTER)
        raise CommandError(
            f"{file}, line {line}: the source {row['source']!r} is not one of {known}.", returncode=_BAD_FILE
        )
    name, slug, organization = (row[column] or "" for column in _COLUMNS[1:])
    return SourceRecord(source=source, name=name, slug=slug, organization=organization)


def _line(source: str, match: Match) -> dict[str, object]:
    return {
        "source": source,
        "source_name": match.source_name,
        "openrouter_id": match.model_id or _NO_MODEL,
        "rule": str(match.rule),
        "confidence": match.confidence_prob,
        "effort": match.effort,
        "reason": match.reason,
    }


def _as_csv(lines: Iterator[dict[str, object]]) -> str:
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, _FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return written.getvalue()


def _as_json_lines(lines: Iterator[dict[str, object]]) -> str:
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
