"""The figure of reconciliation as a dict in Plotly's vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catalog.charts import SERIES, Figure
from feedback.reconciling.reconcile import BillGroup
from runs.money import NANO_PER_USD


def months_figure(months: Sequence[BillGroup]) -> Figure:
    """What was worked out and what was reported, month by month."""
    names = [group.name for group in months]
    return {
        "data": [
            _bars("worked out here", names, months, lambda group: group.sums.computed_nano_usd, 0),
            _bars("reported", names, months, lambda group: group.sums.reported_nano_usd, 1),
        ],
        "layout": {
            "barmode": "group",
            "xaxis": {"type": "category"},
            "yaxis": {"title": {"text": "USD"}, "rangemode": "tozero", "tickprefix": "$"},
            "showlegend": True,
        },
    }


def _bars(
    name: str, names: list[str], months: Sequence[BillGroup], read: Callable[[BillGroup], int], place: int
) -> Figure:
    return {
        "type": "bar",
        "name": name,
        "x": names,
        "y": [read(group) / NANO_PER_USD for group in months],
        "marker": {"color": SERIES[place], "pattern": {"shape": ("", "/")[place], "fgopacity": 0.35, "size": 6}},
        "hovertemplate": "%{x}<br>$%{y:.4~f}<extra>%{fullData.name}</extra>",
    }
