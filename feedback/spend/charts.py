"""Figures of spend as plain dicts in Plotly's vocabulary; colours are names of tokens that charts.js resolves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from catalog.charts import SERIES, Figure, plain_label
from feedback.spend.forecast import Forecast
from feedback.spend.overview import Overview
from feedback.spend.shapes import Bar
from runs.money import NANO_PER_USD
from runs.spend.shapes import Period

REST: Final = "--line-2"
# Beside the colour, so that nobody has to tell them apart by it alone; Plotly's own marks.
PATTERNS: Final = ("", "/", "x", "-", "|", "+")
_LONGEST_NAME: Final = 28


def spend_figure(shown: Overview, links: Sequence[Sequence[str]]) -> Figure:
    """Spend over time, stacked; ``links`` are, for each series and then the rest, where each of its bars leads."""
    names = [row.title for row in shown.series] + (["everything else"] if shown.has_rest else [])
    days = [bar_label(bar.period) for bar in shown.bars]
    return {
        "data": [
            _stack(name, days, _amounts(shown.bars, place), links[place], place if place < len(shown.series) else None)
            for place, name in enumerate(names)
        ],
        "layout": {
            "barmode": "stack",
            "bargap": 0.15,
            "xaxis": {"type": "category", "nticks": 12},
            "yaxis": {"title": {"text": "USD"}, "rangemode": "tozero", "tickprefix": "$"},
            "showlegend": len(names) > 1,
            "legend": {"traceorder": "normal"},
        },
    }


def _stack(name: str, days: Sequence[str], amounts: Sequence[int], links: Sequence[str], place: int | None) -> Figure:
    return {
        "type": "bar",
        "name": plain_label(_short(name)),
        "x": list(days),
        "y": [amount / NANO_PER_USD for amount in amounts],
        "customdata": list(links),  # charts.js goes there at a click
        "marker": {
            "color": REST if place is None else SERIES[place],
            "pattern": {
                "shape": "" if place is None else PATTERNS[place],
                "fillmode": "overlay",
                "fgcolor": "--surface",
                "fgopacity": 0.45,
                "size": 7,
            },
        },
        "hovertemplate": "%{x}<br>$%{y:.4~f}<extra>%{fullData.name}</extra>",
    }


def _short(name: str) -> str:
    """The name as far as a legend on a phone holds it: of a model's id what comes after its maker."""
    last = name.rsplit("/", 1)[-1] or name
    return last if len(last) <= _LONGEST_NAME else f"{last[: _LONGEST_NAME - 1]}…"


def _amounts(bars: Sequence[Bar], place: int) -> list[int]:
    return [bar.costs_nano_usd[place] if place < len(bar.costs_nano_usd) else bar.rest_nano_usd for bar in bars]


def forecast_figure(found: Forecast, spent_by_day: Sequence[tuple[date, int]], cap_nano_usd: int | None) -> Figure:
    """The month's spend as it grew, as it is expected to grow, and the cap."""
    data = [_course("spent", spent_by_day, {"color": "--series-1", "width": 2.5, "shape": "hv"})]
    if found.expected_nano_usd is not None and found.lower_nano_usd is not None and found.upper_nano_usd is not None:
        data.append(_course("expected", found.course, {"color": "--series-2", "width": 2, "dash": "dot"}))
        data.append(_interval(found.last, found.lower_nano_usd, found.expected_nano_usd, found.upper_nano_usd))
    if cap_nano_usd is not None:
        ends = [(found.first, cap_nano_usd), (found.last, cap_nano_usd)]
        data.append(_course("cap", ends, {"color": "--series-4", "width": 1.5, "dash": "dash"}))
    return {
        "data": data,
        "layout": {
            "xaxis": {"type": "date", "range": [found.first.isoformat(), found.last.isoformat()]},
            "yaxis": {"title": {"text": "USD"}, "rangemode": "tozero", "tickprefix": "$"},
        },
    }


def _course(name: str, amounts: Sequence[tuple[date, int]], line: Figure) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [day.isoformat() for day, _ in amounts],
        "y": [amount / NANO_PER_USD for _, amount in amounts],
        "line": line,
        "hovertemplate": "%{x}<br>$%{y:.2f}<extra>%{fullData.name}</extra>",
    }


def _interval(day: date, lower: int, expected: int, upper: int) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "eight of ten cases",
        "x": [day.isoformat()],
        "y": [expected / NANO_PER_USD],
        "marker": {"color": "--series-2", "size": 9, "symbol": "diamond"},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [(upper - expected) / NANO_PER_USD],
            "arrayminus": [(expected - lower) / NANO_PER_USD],
            "color": "--series-2",
            "thickness": 1.5,
            "width": 6,
        },
        "hovertemplate": "$%{y:.2f}<extra>by the end of the month</extra>",
    }


def bar_label(period: Period) -> str:
    """How a stretch of days is written below its bar."""
    if period.first == period.last:
        return f"{period.first:%Y-%m-%d}"
    return f"{period.first:%Y-%m-%d} to {period.last:%m-%d}"
