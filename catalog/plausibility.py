"""Whether what a source says can be believed, alone and beside what it said last time.

Doubt costs a warning, disbelief costs the payload: the last good data stays in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import log10
from statistics import median
from typing import Final

from catalog.shapes import Measure, ModelFacts, ParsedSource, Source
from catalog.sources.ranges import is_possible, possible_values
from smartspawn.lib.errors import SourceImplausible

# Less was never seen of any of them; a private mirror with a small selection still passes.
FEWEST_ENTRIES: Final[Mapping[Source, int]] = {
    Source.OPENROUTER: 10,
    Source.ARTIFICIAL_ANALYSIS: 5,
    Source.HF_LEADERBOARD: 10,
    Source.LMARENA: 10,
    Source.LIVEBENCH: 5,
}
# The real sources hold one odd row in a hundred at worst; a changed column spoils all of them.
REJECTED_SHARE_AMBER: Final = 0.05
REJECTED_SHARE_RED: Final = 0.30
# A month changes 9 % of OpenRouter's ids; a cut or filtered list loses far more at once.
LOST_SHARE_AMBER: Final = 0.20
LOST_SHARE_RED: Final = 0.50
# With other ids the count can stay, yet a catalogue that knows hardly an id of last time is another.
REPLACED_SHARE_RED: Final = 0.75
# Single prices do fall by half; the middle one of hundreds does not move by four.
MEDIAN_PRICE_RATIO_RED: Final = 4.0
# When most prices move by one and the same factor, the unit or the currency has changed.
SAME_FACTOR_SHARE_RED: Final = 0.60
FACTOR_DECIMALS: Final = 2  # of its logarithm: factors within 1-2 % count as the same
# Most models losing their price at once is a renamed field, not a gift.
UNPRICED_SHARE_RED: Final = 0.50
# A benchmark's values keep their size within one release: a median twice as large is another scale.
MEDIAN_VALUE_RATIO_RED: Final = 2.0
# Below this many shared rows a median says little.
FEWEST_SHARED: Final = 10


def check_plausible(new: ParsedSource, previous: ParsedSource | None) -> tuple[str, ...]:
    """What is odd but bearable, in words for a person; raises SourceImplausible for the unbelievable."""
    _check_entries(new)
    _check_ranges(new)
    warnings = [*_check_rejected(new)]
    if previous is not None and _names(previous):
        _check_age(new, previous)
        warnings += _check_lost(new, previous)
        _check_prices(new, previous)
        _check_scales(new, previous)
    return tuple(warnings)


# --- by itself -----------------------------------------------------------------------------


def _check_entries(new: ParsedSource) -> None:
    count, fewest = len(_names(new)), FEWEST_ENTRIES[new.source]
    if count < fewest:
        raise SourceImplausible(f"only {count} models; even a small list has {fewest}")


def _check_ranges(new: ParsedSource) -> None:
    for record in new.records:
        for measure in record.measures:
            if not is_possible(measure.benchmark, measure.value):
                lowest, highest = possible_values(measure.benchmark)
                raise SourceImplausible(
                    f"{record.name} has {measure.value:g} in {measure.benchmark}, "
                    f"which lies between {lowest:g} and {highest:g}"
                )


def _check_rejected(new: ParsedSource) -> Iterator[str]:
    row_count = max(new.row_count, len(new.models) + len(new.records), 1)
    share = len(new.rejected) / row_count
    said = f"{len(new.rejected)} of {row_count} rows could not be read in full"
    if share > REJECTED_SHARE_RED:
        raise SourceImplausible(f"{said}; the first: {new.rejected[0].reason}")
    if share > REJECTED_SHARE_AMBER:
        yield f"{said}; the first: {new.rejected[0].reason}"


# --- beside the last time ------------------------------------------------------------------


def _check_age(new: ParsedSource, previous: ParsedSource) -> None:
    if new.as_of and previous.as_of and new.as_of < previous.as_of:
        raise SourceImplausible(f"is of {new.as_of}, older than what is held ({previous.as_of})")


def _check_lost(new: ParsedSource, previous: ParsedSource) -> Iterator[str]:
    names, held = _names(new), _names(previous)
    lost_share = 1 - len(names) / len(held)
    if lost_share > LOST_SHARE_RED:
        raise SourceImplausible(f"holds {len(names)} models, {lost_share:.0%} fewer than last time ({len(held)})")
    replaced_share = len(held - names) / len(held)
    if new.source is Source.OPENROUTER and replaced_share > REPLACED_SHARE_RED:
        raise SourceImplausible(f"{replaced_share:.0%} of the {len(held)} models of last time are gone")
    if max(lost_share, replaced_share) > LOST_SHARE_AMBER:
        yield f"{len(held - names)} of the {len(held)} models of last time are gone; it holds {len(names)} now"


def _check_prices(new: ParsedSource, previous: ParsedSource) -> None:
    held = {facts.model_id: facts for facts in previous.models}
    pairs = [(held[facts.model_id], facts) for facts in new.models if facts.model_id in held]
    priced = [(before, now) for before, now in pairs if _has_price(before)]
    if len(priced) < FEWEST_SHARED:
        return
    unpriced_share = sum(not _has_price(now) for _, now in priced) / len(priced)
    if unpriced_share > UNPRICED_SHARE_RED:
        raise SourceImplausible(f"{unpriced_share:.0%} of the models that had a price have none now")
    factors = [factor for before, now in priced for factor in _price_factors(before, now)]
    if len(factors) >= FEWEST_SHARED:
        _check_factors(factors)


def _check_factors(factors: list[float]) -> None:
    middle = median(factors)
    if not 1 / MEDIAN_PRICE_RATIO_RED <= middle <= MEDIAN_PRICE_RATIO_RED:
        raise SourceImplausible(f"the middle price is {middle:g} times that of last time")
    counted = Counter(round(log10(factor), FACTOR_DECIMALS) for factor in factors)
    magnitude, count = counted.most_common(1)[0]
    if magnitude and count / len(factors) > SAME_FACTOR_SHARE_RED:
        raise SourceImplausible(f"{count} of {len(factors)} prices changed by one factor, {10**magnitude:.3g}")


def _check_scales(new: ParsedSource, previous: ParsedSource) -> None:
    held = _values(previous)
    ratios: dict[tuple[str, str], list[float]] = {}
    for key, value in _values(new).items():
        before = held.get(key)
        if before is not None and before > 0 and value > 0:
            ratios.setdefault(key[1:], []).append(value / before)
    for (benchmark, _), shared in ratios.items():
        middle = median(shared)
        is_same_scale = 1 / MEDIAN_VALUE_RATIO_RED <= middle <= MEDIAN_VALUE_RATIO_RED
        if len(shared) >= FEWEST_SHARED and not is_same_scale:
            raise SourceImplausible(f"the middle value of {benchmark} is {middle:.3g} times that of last time")


# --- readings ------------------------------------------------------------------------------


def _names(parsed: ParsedSource) -> frozenset[str]:
    ids = (facts.model_id for facts in parsed.models)
    # Formats of one source differ in case: the same model must not count as lost and new.
    return frozenset((*ids, *(record.name.casefold() for record in parsed.records)))


def _prices(facts: ModelFacts) -> tuple[Decimal | None, Decimal | None]:
    return facts.pricing.prompt_usd_per_mtok, facts.pricing.completion_usd_per_mtok


def _has_price(facts: ModelFacts) -> bool:
    return any(_prices(facts))


def _price_factors(before: ModelFacts, now: ModelFacts) -> Iterator[float]:
    for old, new in zip(_prices(before), _prices(now), strict=True):
        if old and new:
            yield float(new / old)


def _values(parsed: ParsedSource) -> dict[tuple[str, str, str], float]:
    """The value of each name, benchmark and release, but for speed and price, which do move."""
    return {
        (record.name.casefold(), measure.benchmark, measure.release): measure.value
        for record in parsed.records
        for measure in record.measures
        if not _is_market_value(measure)
    }


def _is_market_value(measure: Measure) -> bool:
    return measure.benchmark.startswith(("aa.price_", "aa.output_tokens", "aa.time_to"))
