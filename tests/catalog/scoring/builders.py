"""Small catalogues to score: invented models, and invented leaderboards in the parsers' shapes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from catalog.scoring import ScoredCatalog, score_catalog
from catalog.shapes import (
    Entry,
    Match,
    MatchRule,
    Measure,
    ModelFacts,
    Override,
    Pricing,
    Source,
    SourceRecord,
)
from catalog.weights import CURRENT_POLICY, ScoringPolicy

AS_OF = date(2026, 7, 22)
TOOLS = ("tools", "structured_outputs", "reasoning")


def make_facts(
    model_id: str = "lab/model-1",
    *,
    prompt: str | None = "1",
    completion: str | None = "4",
    age_days: int = 100,
    context: int | None = 128_000,
    inputs: Sequence[str] = ("text",),
    parameters: Sequence[str] = (),
    **rest: object,
) -> ModelFacts:
    pricing = Pricing(
        prompt_usd_per_mtok=None if prompt is None else Decimal(prompt),
        completion_usd_per_mtok=None if completion is None else Decimal(completion),
    )
    created_at = datetime(2026, 7, 20, tzinfo=UTC) - timedelta(days=age_days)
    values: dict[str, object] = {
        "name": model_id,
        "pricing": pricing,
        "created_at": created_at,
        "context_length_tokens": context,
        "input_modalities": tuple(inputs),
        "output_modalities": ("text",),
        "supported_parameters": tuple(parameters),
    }
    return ModelFacts(model_id=model_id, **(values | rest))


def make_match(record: SourceRecord, model_id: str | None, *, effort: str = "") -> Match:
    rule = MatchRule.EXACT if model_id else MatchRule.NONE
    return Match(record.source, record.name, model_id, rule, 1.0 if model_id else 0.0, "by hand", effort=effort)


@dataclass
class Catalog:
    """What ``score_catalog`` takes, put together row by row."""

    models: list[ModelFacts] = field(default_factory=list)
    records: list[SourceRecord] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)

    def model(self, model_id: str, **facts: object) -> Catalog:
        self.models.append(make_facts(model_id, **facts))
        return self

    def row(
        self, source: Source, model_id: str | None, *measures: Measure, name: str = "", effort: str = ""
    ) -> Catalog:
        record = SourceRecord(source, name or f"{source}:{model_id}", measures=measures, payload_sha256="ab" * 32)
        self.records.append(record)
        self.matches.append(make_match(record, model_id, effort=effort))
        return self

    def arena(
        self, model_id: str, rating: float, *, width: float = 10, benchmark: str = "lmarena.text.overall"
    ) -> Catalog:
        measure = Measure(benchmark, rating, lower=rating - width / 2, upper=rating + width / 2)
        return self.row(Source.LMARENA, model_id, measure)

    def score(self, overrides: Sequence[Override] = (), policy: ScoringPolicy = CURRENT_POLICY) -> ScoredCatalog:
        return score_catalog(
            models=self.models,
            records=self.records,
            matches=self.matches,
            overrides=overrides,
            as_of=AS_OF,
            policy=policy,
        )

    def entry(self, model_id: str, overrides: Sequence[Override] = ()) -> Entry:
        return entry_of(self.score(overrides), model_id)


def entry_of(scored: ScoredCatalog, model_id: str) -> Entry:
    return next(entry for entry in scored.entries if entry.facts.model_id == model_id)


ARENA = ("overall", "coding", "math", "hard_prompts", "creative_writing", "longer_query")
LIVEBENCH = ("reasoning", "coding", "agentic_coding", "mathematics", "language", "if", "data_analysis")


def random_catalog(seed: int, *, model_count: int = 30, coverage: float = 0.7) -> Catalog:
    """A catalogue whose leaderboards see one hidden ability through noise, each its own part of it."""
    dice = random.Random(seed)
    catalog = Catalog()
    for number in range(model_count):
        ability = dice.gauss(0, 1)
        model_id = f"{dice.choice(('alpha', 'beta', 'openai'))}/{dice.choice(('one', 'two'))}-{number}"
        catalog.model(
            model_id,
            prompt=str(round(2.718 ** (ability + dice.gauss(0, 0.7)), 4)),
            completion=str(round(4 * 2.718 ** (ability + dice.gauss(0, 0.7)), 4)),
            age_days=dice.randrange(0, 900),
            context=dice.choice((8_000, 128_000, 1_000_000)),
            inputs=dice.choice((("text",), ("text", "image"))),
            parameters=dice.choice(((), TOOLS)),
        )
        _random_rows(catalog, dice, model_id, ability, coverage)
    return catalog


def _random_rows(catalog: Catalog, dice: random.Random, model_id: str, ability: float, coverage: float) -> None:
    if dice.random() < coverage:
        width = dice.uniform(4, 60)
        catalog.row(
            Source.LMARENA,
            model_id,
            *(
                Measure(f"lmarena.text.{name}", value, lower=value - width / 2, upper=value + width / 2)
                for name in ARENA
                for value in [1300 + 90 * (ability + dice.gauss(0, 0.3))]
                if dice.random() < 0.9
            ),
        )
    for release, shift in (("2026-01-08", 0), ("2026-06-25", -12)):
        if dice.random() < coverage:
            catalog.row(
                Source.LIVEBENCH,
                model_id,
                *(
                    Measure(f"livebench.{name}", 55 + shift + 11 * (ability + dice.gauss(0, 0.3)), release=release)
                    for name in LIVEBENCH
                ),
                name=f"{model_id} {release}",
            )
    for effort in ("", "high"):
        if dice.random() < coverage / 2:
            catalog.row(
                Source.ARTIFICIAL_ANALYSIS,
                model_id,
                Measure("aa.intelligence_index", 30 + 9 * (ability + dice.gauss(0, 0.3))),
                Measure("aa.output_tokens_per_s", dice.uniform(10, 300)),
                name=f"{model_id} ({effort})",
                effort=effort,
            )
