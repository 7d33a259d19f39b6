"""Catalogues to match against: the real one of 2026-07-22 as far as names go, and small invented ones."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from catalog.matching import NameIndex, build_index, load_shipped_aliases, match_name
from catalog.shapes import Match, ModelFacts, Pricing, Source

HERE = Path(__file__).parent


@cache
def real_models() -> tuple[ModelFacts, ...]:
    with (HERE / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            model(
                row["model_id"],
                name=row["name"],
                canonical_slug=row["canonical_slug"],
                hugging_face_id=row["hugging_face_id"],
                listed_on=row["listed_on"],
                can_think=row["can_think"] == "yes",
                efforts=tuple(row["efforts"].split()),
            )
            for row in csv.DictReader(file)
        )


@cache
def real_index() -> NameIndex:
    return build_index(real_models(), load_shipped_aliases())


def model(
    model_id: str,
    *,
    name: str = "",
    canonical_slug: str = "",
    hugging_face_id: str = "",
    listed_on: str = "",
    can_think: bool | None = None,
    efforts: tuple[str, ...] = (),
) -> ModelFacts:
    parameters = {None: (), True: ("tools", "reasoning"), False: ("tools",)}[can_think]
    return ModelFacts(
        model_id=model_id,
        name=name or model_id.rpartition("/")[2],
        pricing=Pricing(),
        canonical_slug=canonical_slug,
        hugging_face_id=hugging_face_id,
        created_at=datetime.fromisoformat(listed_on).replace(tzinfo=UTC) if listed_on else None,
        supported_parameters=parameters,
        reasoning_efforts=efforts,
    )


def match(name: str, *models: ModelFacts | str, source: Source = Source.LMARENA, organization: str = "") -> Match:
    """The match of a name against these models; against the real catalogue if none are given."""
    facts = [one if isinstance(one, ModelFacts) else model(one) for one in models]
    index = build_index(facts) if facts else real_index()
    return match_name(index, source=source, name=name, organization=organization)
