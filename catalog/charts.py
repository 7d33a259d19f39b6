"""Figures as plain dicts in Plotly's vocabulary; colours are names of tokens that charts.js resolves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from catalog.frontier import PricedScore
from catalog.queries import PricePoint
from catalog.shapes import Category, Entry

Figure = dict[str, Any]

SERIES: Final = ("--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6")
SYMBOLS: Final = ("circle", "diamond", "square", "triangle-up", "cross", "star")
# A price of zero has no place on a logarithmic axis: free models stand this far left of the cheapest.
FREE_SHARE_OF_CHEAPEST: Final = Decimal("0.4")
_TICKS_USD: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


def price_history_figure(history: Sequence[PricePoint], *, until: datetime | None) -> Figure:
    """Steps of prompt and completion price; the last price holds until the snapshot."""
    return {
        "data": [
            _price_steps(history, "prompt_usd_per_mtok", "prompt", index=0, until=until),
            _price_steps(history, "completion_usd_per_mtok", "completion", index=1, until=until),
        ],
        "layout": {
            "yaxis": {"title": {"text": "USD per million tokens"}, "rangemode": "tozero", "tickprefix": "$"},
            "hovermode": "x unified",
        },
    }


def _price_steps(history: Sequence[PricePoint], field: str, name: str, *, index: int, until: datetime | None) -> Figure:
    times = [point.valid_from for point in history]
    prices = [_float(getattr(point, field)) for point in history]
    if until is not None and times and until > times[-1]:
        times.append(until)
        prices.append(prices[-1])
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [time.isoformat() for time in times],
        "y": prices,
        "line": {"shape": "hv", "color": SERIES[index], "dash": "solid" if index == 0 else "dot", "width": 2},
        "marker": {"symbol": SYMBOLS[index], "size": 6},
        "hovertemplate": "$%{y} " + name + "<extra></extra>",
    }


def frontier_figure(points: Sequence[PricedScore], frontier: Sequence[PricedScore]) -> Figure:
    """Every model by price and score, with the line of those that nobody beats on both."""
    on_line = {point.entry.facts.model_id for point in frontier}
    others = [point for point in points if point.entry.facts.model_id not in on_line]
    floor = _free_price(points)
    ticks = [tick for tick in _TICKS_USD if floor is None or tick > floor]
    has_free = any(point.price_usd == 0 for point in points)
    return {
        "data": [
            _cloud([point for point in others if point.score.coverage_share > 0], floor, is_measured=True),
            _cloud([point for point in others if point.score.coverage_share <= 0], floor, is_measured=False),
            _line(frontier, floor),
        ],
        "layout": {
            "xaxis": {
                "type": "log",
                "title": {"text": "USD for a million tokens in and out"},
                "tickvals": [*([floor] if has_free else []), *ticks],
                "ticktext": [*(["free"] if has_free else []), *(f"${tick:g}" for tick in ticks)],
            },
            "yaxis": {"title": {"text": "score"}},
        },
    }


def _free_price(points: Sequence[PricedScore]) -> float | None:
    paid = [point.price_usd for point in points if point.price_usd > 0]
    return float(min(paid) * FREE_SHARE_OF_CHEAPEST) if paid else 0.01


def _cloud(points: Sequence[PricedScore], floor: float | None, *, is_measured: bool) -> Figure:
    marker = (
        {"symbol": "circle", "size": 7, "color": "--series-6", "opacity": 0.75}
        if is_measured
        else {"symbol": "circle-open", "size": 7, "color": "--series-6", "opacity": 0.6}
    )
    return {
        **_points(points, floor),
        "mode": "markers",
        "name": "measured" if is_measured else "estimated only",
        "marker": marker,
    }


def _line(frontier: Sequence[PricedScore], floor: float | None) -> Figure:
    return {
        **_points(frontier, floor),
        "mode": "lines+markers",
        "name": "best for the price",
        "line": {"shape": "hv", "color": "--series-1", "width": 2},
        "marker": {"symbol": "diamond", "size": 10, "color": "--series-1"},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [round(point.score.upper - point.score.value, 1) for point in frontier],
            "arrayminus": [round(point.score.value - point.score.lower, 1) for point in frontier],
            "color": "--series-1",
            "thickness": 1,
            "width": 0,
        },
    }


def _points(points: Sequence[PricedScore], floor: float | None) -> Figure:
    return {
        "type": "scatter",
        "x": [float(point.price_usd) or floor for point in points],
        "y": [round(point.score.value, 1) for point in points],
        "text": [plain_label(point.entry.facts.name) for point in points],
        "customdata": [[_dollars(point.price_usd), _interval(point)] for point in points],
        "hovertemplate": "<b>%{text}</b><br>%{y} (%{customdata[1]})<br>%{customdata[0]}<extra></extra>",
    }


def compare_figure(entries: Sequence[Entry]) -> Figure:
    """The models' scores side by side in each category, with their intervals."""
    categories = [category for category in Category if any(category in entry.scores for entry in entries)]
    return {
        "data": [_compared(entry, categories, index) for index, entry in enumerate(entries)],
        "layout": {
            "scattermode": "group",
            "scattergap": 0.5,
            "xaxis": {"type": "category"},
            "yaxis": {"title": {"text": "score, 80 % interval"}},
        },
    }


def _compared(entry: Entry, categories: Sequence[Category], index: int) -> Figure:
    scores = [entry.scores.get(category) for category in categories]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain_label(entry.facts.name),
        "x": [str(category) for category in categories],
        "y": [round(score.value, 1) if score else None for score in scores],
        "marker": {"symbol": SYMBOLS[index], "size": 9, "color": SERIES[index]},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [round(score.upper - score.value, 1) if score else None for score in scores],
            "arrayminus": [round(score.value - score.lower, 1) if score else None for score in scores],
            "color": SERIES[index],
            "thickness": 1.5,
            "width": 3,
        },
        "hovertemplate": "<b>%{fullData.name}</b><br>%{x}: %{y}<extra></extra>",
    }


def plain_label(text: str) -> str:
    """The text as Plotly shows it letter by letter: its labels are a small HTML, and names come from strangers."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "% {")


def _interval(point: PricedScore) -> str:
    return f"{point.score.lower:.0f} to {point.score.upper:.0f}"


def _dollars(value: Decimal) -> str:
    return "free" if value == 0 else f"${value.normalize():f}"


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
