"""Figures, Pareto lines and monthly costs, checked against slow obvious versions."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from plotly import graph_objects

from catalog.charts import SERIES, SYMBOLS, compare_figure, frontier_figure, plain_label, price_history_figure
from catalog.costs import MonthlyUse, monthly_cost_usd
from catalog.frontier import PricedScore, pareto_frontier, priced_scores
from catalog.queries import PricePoint
from catalog.shapes import Category, Pricing
from tests.factories import HOSTILE_NAME, make_entries, make_entry

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"


def point(price: str, score: float, name: str = "m") -> PricedScore:
    entry = make_entry(f"acme/{name}", value=score, prompt_usd=Decimal(price), completion_usd=Decimal(0))
    return PricedScore(entry=entry, price_usd=Decimal(price), score=entry.scores[Category.GENERAL])


def random_points(seed: int, count: int = 40) -> list[PricedScore]:
    """Points on a coarse grid, so that ties occur."""
    generator = random.Random(seed)
    entries = [
        make_entry(
            f"acme/m-{index}",
            value=float(generator.randrange(20, 30)),
            prompt_usd=Decimal(generator.randrange(6)),
            completion_usd=Decimal(1),
        )
        for index in range(count)
    ]
    return priced_scores(entries, Category.GENERAL)


# --- Pareto line -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_the_line_holds_exactly_the_best_values_that_nobody_beats(seed: int) -> None:
    points = random_points(seed)

    def is_beaten(one: PricedScore) -> bool:
        return any(
            other.price_usd <= one.price_usd
            and other.score.value >= one.score.value
            and (other.price_usd, other.score.value) != (one.price_usd, one.score.value)
            for other in points
        )

    expected = {(one.price_usd, one.score.value) for one in points if not is_beaten(one)}
    line = pareto_frontier(points)

    assert {(one.price_usd, one.score.value) for one in line} == expected
    assert len(line) == len(expected)  # of equals one stands for all


def test_an_estimate_never_makes_the_line() -> None:
    guessed = make_entry("acme/guessed", value=99.0, prompt_usd=Decimal(0), completion_usd=Decimal(0), parts=0)
    measured = make_entry("acme/measured", value=50.0)
    line = pareto_frontier(priced_scores([guessed, measured], Category.GENERAL))

    assert [one.entry.facts.model_id for one in line] == ["acme/measured"]


def test_the_line_does_not_depend_on_the_order_of_the_catalogue() -> None:
    entries = list(make_entries())
    shuffled = random.Random(3).sample(entries, len(entries))

    one, other = (pareto_frontier(priced_scores(some, Category.CODING)) for some in (entries, shuffled))
    assert one == other


def test_unknown_and_dynamic_prices_and_entries_that_are_never_picked_are_left_out() -> None:
    entries = [
        make_entry("acme/unknown", prompt_usd=None),
        make_entry("acme/half", completion_usd=None),
        make_entry("acme/router", is_candidate=False),
        make_entry("acme/unscored", scores={}),
        make_entry("acme/good"),
    ]

    assert [one.entry.facts.model_id for one in priced_scores(entries, Category.GENERAL)] == ["acme/good"]


# --- monthly cost ----------------------------------------------------------------------------


def test_a_months_cost_is_the_sum_of_both_ways() -> None:
    pricing = Pricing(prompt_usd_per_mtok=Decimal("1.25"), completion_usd_per_mtok=Decimal(10))

    assert monthly_cost_usd(pricing, MonthlyUse(Decimal(20), Decimal("0.5"))) == Decimal(30)


@pytest.mark.parametrize(
    ("pricing", "use", "cost"),
    [
        (Pricing(completion_usd_per_mtok=Decimal(1)), MonthlyUse(Decimal(1), Decimal(1)), None),
        (Pricing(completion_usd_per_mtok=Decimal(1)), MonthlyUse(Decimal(0), Decimal(2)), Decimal(2)),
        (Pricing(Decimal(0), Decimal(0)), MonthlyUse(), Decimal(0)),
        (Pricing(Decimal(1), Decimal(1), is_dynamic=True), MonthlyUse(), None),
        (Pricing(Decimal(0), Decimal(0), request_usd=Decimal("0.01")), MonthlyUse(request_count=300), Decimal(3)),
    ],
)
def test_an_unknown_price_makes_the_cost_unknown_only_if_it_is_needed(
    pricing: Pricing, use: MonthlyUse, cost: Decimal | None
) -> None:
    assert monthly_cost_usd(pricing, use) == cost


# --- figures ---------------------------------------------------------------------------------


def history(*prices: tuple[int, str | None]) -> list[PricePoint]:
    return [
        PricePoint(
            valid_from=datetime(2026, month, 1, tzinfo=UTC),
            prompt_usd_per_mtok=None if price is None else Decimal(price),
            completion_usd_per_mtok=Decimal(9),
            cache_read_usd_per_mtok=None,
            cache_write_usd_per_mtok=None,
        )
        for month, price in prices
    ]


def figures() -> dict[str, dict[str, object]]:
    points = priced_scores(make_entries(), Category.CODING)
    return {
        "price": price_history_figure(history((1, "2"), (3, None), (5, "1")), until=datetime(2026, 7, 1, tzinfo=UTC)),
        "frontier": frontier_figure(points, pareto_frontier(points)),
        "compare": compare_figure(make_entries()[:6]),
        "empty": frontier_figure([], []),
    }


@pytest.mark.parametrize("name", ["price", "frontier", "compare", "empty"])
def test_a_figure_is_plain_json_in_plotlys_own_vocabulary(name: str) -> None:
    figure = json.loads(json.dumps(figures()[name], allow_nan=False))
    in_colour = json.loads(
        json.dumps(figure).replace('"--', '"#').replace("#series-", "#00000").replace("#chart", "#000")
    )

    graph_objects.Figure(in_colour)  # raises ValueError for a property that Plotly does not have


def test_every_colour_of_a_figure_is_a_token() -> None:
    tokens = TOKENS.read_text()

    for name in (*SERIES, "--chart-grid", "--surface", "--ink", "--ink-2", "--line-2", "--page"):
        assert f"{name}: light-dark(" in tokens


def test_the_last_price_holds_until_the_snapshot_and_a_gap_stays_a_gap() -> None:
    trace = figures()["price"]["data"][0]  # type: ignore[index]

    assert trace["y"] == [2.0, None, 1.0, 1.0]
    assert trace["x"][-1] == "2026-07-01T00:00:00+00:00"


def test_free_models_stand_left_of_the_cheapest_on_the_logarithmic_axis() -> None:
    points = [point("0", 40, "free"), point("0.5", 50, "paid")]
    figure = frontier_figure(points, points)
    axis = figure["layout"]["xaxis"]

    assert figure["data"][2]["x"] == [0.2, 0.5]
    assert (axis["tickvals"][0], axis["ticktext"][0]) == (0.2, "free")
    assert figure["data"][2]["customdata"][0][0] == "free"


def test_each_model_is_drawn_once_and_estimates_apart_from_measurements() -> None:
    points = priced_scores(make_entries(), Category.CODING)
    line = pareto_frontier(points)
    measured, estimated, best = frontier_figure(points, line)["data"]

    assert len(measured["x"]) + len(estimated["x"]) + len(best["x"]) == len(points)
    assert len(best["x"]) == len(line)
    assert estimated["marker"]["symbol"] == "circle-open"


def test_compared_models_differ_in_symbol_as_well_as_colour() -> None:
    traces = compare_figure(make_entries()[:6])["data"]

    assert len({trace["marker"]["symbol"] for trace in traces}) == 6 == len(SYMBOLS)
    assert len({trace["marker"]["color"] for trace in traces}) == 6


def test_a_missing_score_is_a_gap_and_intervals_reach_to_their_ends() -> None:
    with_all = make_entry("acme/a", value=60)
    without = make_entry("acme/b", scores={Category.CODING: with_all.scores[Category.CODING]})
    first, second = compare_figure([with_all, without])["data"]

    assert first["error_y"]["array"][0] == pytest.approx(8.0)
    assert second["y"].count(None) == len(Category) - 1


def test_a_hostile_name_cannot_become_markup_or_a_template_in_a_label() -> None:
    label = plain_label(HOSTILE_NAME + "%{customdata}")

    assert "<" not in label
    assert "%{" not in label
