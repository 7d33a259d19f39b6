"""The figure of judges: how often a judge's score met a person's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from catalog.charts import Figure
from feedback.judges.agreement import Pair

RATINGS = (1, 2, 3, 4, 5)


def crossings(pairs: Sequence[Pair]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """For each rating that a person gave, from 5 down, how often the judge's score came to 1, 2, 3, 4 and 5."""
    counts = Counter((pair.rating, pair.judge_rating) for pair in pairs)
    return tuple((rating, tuple(counts[rating, said] for said in RATINGS)) for rating in reversed(RATINGS))


def crossing_figure(pairs: Sequence[Pair]) -> Figure:
    """Bubbles where a person's rating and a judge's score meet; the larger, the more often."""
    rows = crossings(pairs)
    cells = [(said, rating, count) for rating, row in rows for said, count in zip(RATINGS, row, strict=True)]
    seen = [cell for cell in cells if cell[2]]
    most = max((count for _, _, count in seen), default=1)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [said for said, _, _ in seen],
                "y": [rating for _, rating, _ in seen],
                "text": [f"{count} times" for _, _, count in seen],
                "marker": {
                    "color": "--series-1",
                    "opacity": 0.75,
                    "size": [10 + 34 * (count / most) ** 0.5 for _, _, count in seen],
                },
                "hovertemplate": "judge %{x}, you %{y}: %{text}<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "lines",
                "x": [1, 5],
                "y": [1, 5],
                "line": {"color": "--line-2", "width": 1.5, "dash": "dot"},
                "hoverinfo": "skip",
            },
        ],
        "layout": {
            "xaxis": {"title": {"text": "the judge's score, of 5"}, "range": [0.4, 5.6], "dtick": 1},
            "yaxis": {"title": {"text": "your rating"}, "range": [0.4, 5.6], "dtick": 1},
            "showlegend": False,
        },
    }
