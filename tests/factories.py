"""Made-up catalogue data in the shapes of the real one, for tests of faces and reads."""

from __future__ import annotations

import zlib
from datetime import UTC, date, datetime
from decimal import Decimal

from django.utils import timezone

from catalog.codec import content_sha256, pack_snapshot
from catalog.models import Change, PriceFact, SourceState, StoredPayload, StoredSnapshot
from catalog.shapes import (
    BenchmarkStats,
    Capabilities,
    Category,
    CategoryScore,
    DifferenceKind,
    Entry,
    Match,
    MatchRule,
    Measure,
    ModelFacts,
    PriceOverride,
    Pricing,
    ScorePart,
    Snapshot,
    Source,
    SourceRecord,
    SourceUse,
    Suggestion,
    Tier,
)

SHA = "ab" * 32
HOSTILE_NAME = '<script>alert(1)</script> "Model" & {{ 7|add:7 }}'


def make_score(
    value: float = 60.0, *, parts: int = 2, half_width: float = 8.0, overridden: bool = False
) -> CategoryScore:
    """A score with so many parts; without parts it is the prior alone."""
    return CategoryScore(
        value=value,
        lower=max(value - half_width, 0.0),
        upper=min(value + half_width, 100.0),
        coverage_share=min(parts / 4, 1.0),
        parts=tuple(
            ScorePart(
                benchmark=f"lmarena.text.topic_{index}",
                source=Source.LMARENA,
                source_name=f"row-{index}",
                value=1300.0 + 10 * index,
                z=(value - 50) / 20,
                weight_share=1 / parts,
                release="2026-07",
                lower=1290.0,
                upper=1320.0,
                vote_count=4321,
                measured_on=date(2026, 7, 1),
                effort="high" if index else "",
                payload_sha256=SHA,
            )
            for index in range(parts)
        ),
        prior_value=52.0,
        prior_weight_share=1.0 if not parts else 0.3,
        is_overridden=overridden,
    )


def make_entry(model_id: str = "acme/alpha-1", *, name: str = "", value: float = 60.0, **changes: object) -> Entry:
    """A candidate with known prices and a score in every category; any field may be changed."""
    prompt = changes.pop("prompt_usd", Decimal("1.25"))
    completion = changes.pop("completion_usd", Decimal(5))
    facts = changes.pop("facts", None) or make_facts(model_id, name=name, prompt=prompt, completion=completion)
    parts = int(changes.pop("parts", 2))
    fields: dict[str, object] = {
        "facts": facts,
        "provider": model_id.split("/", 1)[0],
        "is_candidate": True,
        "capabilities": Capabilities(vision=True, function_calling=True, json=True, reasoning=True),
        "tier": Tier.STANDARD,
        "categories": tuple(Category),
        "tags": ("long-context",),
        "scores": {category: make_score(value - index, parts=parts) for index, category in enumerate(Category)},
        "cost_efficiency": dict.fromkeys(Category, value / 6.25),
        "ancestor_scores": dict.fromkeys(Category, value + 3),
        "sources": (Source.OPENROUTER, Source.LMARENA),
        "records": (
            SourceRecord(
                source=Source.LMARENA,
                name="row-0",
                measures=(Measure(benchmark="lmarena.text.topic_0", value=1300.0, lower=1290.0, upper=1310.0),),
                payload_sha256=SHA,
            ),
        ),
        "matches": (
            Match(
                source=Source.LMARENA,
                source_name="row-0",
                model_id=model_id,
                rule=MatchRule.EXACT,
                confidence_prob=0.99,
                reason="same name after normalising",
            ),
        ),
        "updated_at": datetime(2026, 7, 22, tzinfo=UTC),
    }
    return Entry(**{**fields, **changes})  # type: ignore[arg-type]  # fields are checked by the shape's users


def make_facts(
    model_id: str,
    *,
    name: str = "",
    prompt: object = Decimal("1.25"),
    completion: object = Decimal(5),
    **changes: object,
) -> ModelFacts:
    """The facts of one listed model."""
    fields: dict[str, object] = {
        "model_id": model_id,
        "name": name or model_id.split("/", 1)[-1].replace("-", " ").title(),
        "pricing": Pricing(
            prompt_usd_per_mtok=prompt,  # type: ignore[arg-type]  # Decimal or None
            completion_usd_per_mtok=completion,  # type: ignore[arg-type]  # Decimal or None
            cache_read_usd_per_mtok=Decimal("0.125"),
            overrides=(PriceOverride(min_prompt_tokens=200_000, prompt_usd_per_mtok=Decimal("2.5")),),
        ),
        "description": "A model that was made up for tests.",
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
        "context_length_tokens": 200_000,
        "max_output_tokens": 32_000,
        "input_modalities": ("text", "image"),
        "output_modalities": ("text",),
        "payload_sha256": SHA,
    }
    return ModelFacts(**{**fields, **changes})  # type: ignore[arg-type]  # as above


def make_snapshot(*entries: Entry, **changes: object) -> Snapshot:
    """A snapshot of these entries, or of a small varied catalogue."""
    now = timezone.now()
    fields: dict[str, object] = {
        "entries": entries or make_entries(),
        "sources": (
            SourceUse(source=Source.OPENROUTER, fetched_at=now, row_count=60, matched_count=60, payload_sha256s=(SHA,)),
            SourceUse(source=Source.LMARENA, fetched_at=now, row_count=80, matched_count=55, payload_sha256s=(SHA,)),
        ),
        "policy_version": "test",
        "benchmarks": (
            BenchmarkStats(benchmark="lmarena.text.topic_0", release="2026-07", mean=1250.0, stddev=60.0, count=41),
        ),
        "unmatched": tuple(
            Match(
                source=Source.LMARENA,
                source_name=f"mystery-model-{index}",
                model_id=None,
                rule=MatchRule.NONE,
                confidence_prob=0.0,
                reason="no listed model has this name",
                suggestions=(Suggestion(model_id="acme/alpha-1", similarity_share=0.61, why="shares a word"),),
            )
            for index in range(3)
        ),
    }
    return Snapshot(**{**fields, **changes})  # type: ignore[arg-type]  # as above


def make_entries(count: int = 60) -> tuple[Entry, ...]:
    """Models of three providers, from cheap to dear; among them a free one, a router, and a hostile name."""
    entries = [
        make_entry(
            f"{('acme', 'globex', 'initech')[index % 3]}/{('alpha', 'beta', 'gamma')[index % 3]}-{index + 1}",
            value=30 + index * 0.9,
            prompt_usd=Decimal(index + 1) / 8,
            completion_usd=Decimal(index + 1) / 2,
            parts=index % 4,
            tier=(Tier.BUDGET, Tier.STANDARD, Tier.PREMIUM)[min(index // 20, 2)],
        )
        for index in range(count)
    ]
    entries.append(make_entry("acme/free-1:free", value=41, prompt_usd=Decimal(0), completion_usd=Decimal(0)))
    entries.append(make_entry("hostile/one", name=HOSTILE_NAME, value=35))
    entries.append(make_entry("router/auto", value=50, is_candidate=False, not_candidate_reason="a router", scores={}))
    return tuple(entries)


def publish_snapshot(snapshot: Snapshot | None = None) -> StoredSnapshot:
    """The snapshot as the one in use, with prices, differences, states and payloads around it.

    What was published before is gone.
    """
    for table in (PriceFact, SourceState, StoredPayload, StoredSnapshot):
        table.objects.all().delete()
    snapshot = snapshot or make_snapshot()
    now = timezone.now()
    stored = StoredSnapshot.objects.create(
        published_at=now,
        trigger="test",
        policy_version=snapshot.policy_version,
        content_sha256=content_sha256(snapshot),
        entry_count=len(snapshot.entries),
        body_compressed=pack_snapshot(snapshot),
    )
    PriceFact.objects.bulk_create(
        PriceFact(
            model_id=entry.facts.model_id,
            valid_from=moment,
            prompt_usd_per_mtok=entry.facts.pricing.prompt_usd_per_mtok,
            completion_usd_per_mtok=entry.facts.pricing.completion_usd_per_mtok,
            snapshot=stored,
        )
        for entry in snapshot.entries
        for moment in (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    )
    _note_changes(stored, snapshot)
    _note_sources(snapshot)
    return stored


def _note_changes(stored: StoredSnapshot, snapshot: Snapshot) -> None:
    first = snapshot.entries[0].facts
    Change.objects.bulk_create(
        Change(snapshot=stored, kind=kind, model_id=first.model_id, model_name=first.name, **moved)
        for kind, moved in (
            (DifferenceKind.ADDED, {}),
            (DifferenceKind.PRICE, {"field": "price.prompt", "before": "1.5", "after": "1.25"}),
            (DifferenceKind.SCORE, {"field": "score.coding", "before": "55.0", "after": "60.0"}),
        )
    )


def _note_sources(snapshot: Snapshot) -> None:
    now = timezone.now()
    fetched_at = {use.source: use.fetched_at for use in snapshot.sources}
    SourceState.objects.create(
        source=Source.OPENROUTER,
        status="green",
        row_count=60,
        matched_count=60,
        last_success_at=now,
        data_fetched_at=fetched_at[Source.OPENROUTER],
    )
    SourceState.objects.create(
        source=Source.LMARENA,
        status="red",
        reason="The answer was cut off; the last good data is in use.",
        row_count=80,
        matched_count=55,
        rejected_count=1,
        rejected=[{"part": "text", "row": 7, "reason": "rating is not a number", "excerpt": "<b>n/a</b>"}],
        last_attempt_at=now,
        data_fetched_at=fetched_at[Source.LMARENA],
    )
    StoredPayload.objects.create(
        source=Source.LMARENA,
        part="text",
        url="https://example.org/text.parquet",
        sha256=SHA,
        fetched_at=now,
        byte_count=1234,
        body_compressed=zlib.compress(b"[]"),
    )
