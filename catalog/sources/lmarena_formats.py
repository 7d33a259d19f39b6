"""The three formats in which LMArena's ratings come, as rows of one kind."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from catalog.shapes import Payload
from catalog.sources.reading import (
    ROWS_LIMIT,
    bounded_rows,
    csv_rows,
    decode_json,
    excerpt_of,
    fields_of,
    malformed,
    number_in_text,
)

_COLUMNS: Final = (
    "model_name",
    "organization",
    "category",
    "rating",
    "rating_lower",
    "rating_upper",
    "vote_count",
    "leaderboard_publish_date",
)
_REQUIRED_COLUMNS: Final = ("model_name", "category", "rating")
_CONFIDENCE: Final = re.compile(r"\+(\d{1,4}(?:\.\d+)?)\s*/\s*-(\d{1,4}(?:\.\d+)?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One rating as it came; nothing in it is checked yet."""

    number: int
    name: object
    organization: object
    category: object
    rating: object
    lower: object
    upper: object
    votes: object
    published: object

    def excerpt(self) -> str:
        """The row in short, for a report."""
        return excerpt_of([self.name, self.category, self.rating])


def read_rows(payload: Payload) -> Iterable[Row]:
    """The rows of a parquet file, of datasets-server pages or of the old CSV: the body tells which."""
    if payload.body.startswith(b"PAR1"):
        return _parquet_rows(payload)
    if payload.body.lstrip()[:1] in (b"{", b"["):
        return _json_rows(payload)
    return _csv_ratings(payload)


# --- parquet -------------------------------------------------------------------------------


def _parquet_rows(payload: Payload) -> Iterator[Row]:
    columns: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    with _ParquetFaults(payload):
        for batch in _batches(payload):
            for name in _COLUMNS:
                present = name in batch.schema.names
                columns[name] += batch.column(name).to_pylist() if present else [None] * batch.num_rows
    for number, values in enumerate(zip(*columns.values(), strict=True)):
        yield _row(number, dict(zip(_COLUMNS, values, strict=True)))


def _batches(payload: Payload) -> Iterator[Any]:
    from arro3.io import read_parquet  # 35 MB that only a refresh needs

    reader = read_parquet(io.BytesIO(payload.body))
    missing = [name for name in _REQUIRED_COLUMNS if name not in reader.schema.names]
    if missing:
        raise malformed(payload, f"lacks the columns {', '.join(missing)}")
    row_count = 0
    for batch in reader:
        row_count += batch.num_rows
        if row_count > ROWS_LIMIT:  # a few kilobytes of parquet can claim billions of rows
            raise malformed(payload, f"holds more than the {ROWS_LIMIT} rows that are read")
        yield batch


class _ParquetFaults:
    """Turns what the parquet reader throws at a damaged file into SourceMalformed.

    It throws bare ``Exception`` and, where its Rust code panics, an exception outside that class.
    """

    def __init__(self, payload: Payload) -> None:
        self._payload = payload

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None and (kind is Exception or kind.__module__.startswith(("pyo3_runtime", "arro3"))):
            raise malformed(self._payload, "is damaged: its parquet cannot be read") from error


# --- JSON pages and CSV --------------------------------------------------------------------


def _json_rows(payload: Payload) -> Iterator[Row]:
    decoded = decode_json(payload)
    pages = decoded if isinstance(decoded, list) else [decoded]
    number = 0
    for page in pages:
        for item in bounded_rows(payload, fields_of(page).get("rows")):
            yield _row(number, fields_of(fields_of(item).get("row")))
            number += 1


def _row(number: int, cells: Mapping[str, object]) -> Row:
    return Row(
        number=number,
        name=cells.get("model_name"),
        organization=cells.get("organization"),
        category=cells.get("category"),
        rating=cells.get("rating"),
        lower=cells.get("rating_lower"),
        upper=cells.get("rating_upper"),
        votes=cells.get("vote_count"),
        published=_date_text(cells.get("leaderboard_publish_date")),
    )


def _date_text(value: object) -> object:
    """Parquet may hold real dates where JSON has text."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _csv_ratings(payload: Payload) -> Iterator[Row]:
    """The old daily CSV, by the names in its header: the column order changed twice."""
    lines = csv_rows(payload)
    _, header = next(lines, (0, []))
    rating_column = next((name for name in ("arena_score", "arena_elo") if name in header), "")
    if not rating_column or "model" not in header:
        raise malformed(payload, "is no ratings CSV: its header names no model or no score")
    for number, cells in lines:
        named = dict(zip(header, cells, strict=False)) if len(cells) == len(header) else {}
        rating = number_in_text(named.get(rating_column, ""))
        lower, upper = _interval(rating, named.get("95_pct_ci", ""))
        yield Row(
            number=number,
            name=named.get("model"),
            organization=named.get("organization"),
            category="overall",
            rating=rating,
            lower=lower,
            upper=upper,
            votes=number_in_text(named.get("votes", "")),
            published=None,
        )


def _interval(rating: float | None, confidence: str) -> tuple[float | None, float | None]:
    found = _CONFIDENCE.fullmatch(confidence)
    if rating is None or not found:
        return None, None
    return rating - float(found[2]), rating + float(found[1])
