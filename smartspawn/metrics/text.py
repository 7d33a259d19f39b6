"""Families of figures as the text that Prometheus reads (exposition format 0.0.4). Pure.

Written by hand: everything is summed up when it is asked for, so of a client library nothing would be used but these
lines, and its counters live in one process while the truth lies in the database of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure, and what it is the figure of."""

    value: Number
    labels: Mapping[str, str]
    suffix: str = ""  # of a histogram's parts: "_bucket", "_sum", "_count"


@dataclass(frozen=True, slots=True)
class Family:
    """Figures of one kind; without samples nothing is known of it, which is not the same as zero."""

    name: str
    kind: str  # "counter", "gauge", "histogram"
    help: str
    samples: tuple[Sample, ...]


Known = tuple[Number | None, Mapping[str, str]] | tuple[Number | None, Mapping[str, str], str]


def family(name: str, kind: str, words: str, *samples: Known) -> Family:
    """A family of the figures that are known."""
    return Family(name, kind, words, tuple(Sample(value, *about) for value, *about in samples if value is not None))


def exposition(families: Iterable[Family]) -> str:
    """All of them as text."""
    return "".join(line + "\n" for item in families for line in _lines(item))


def _lines(item: Family) -> Iterable[str]:
    yield f"# HELP {item.name} {item.help}"
    yield f"# TYPE {item.name} {item.kind}"
    for sample in item.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
        name = f"{item.name}{sample.suffix}"
        yield f"{name}{{{labels}}} {_number(sample.value)}" if labels else f"{name} {_number(sample.value)}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: Number) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)
