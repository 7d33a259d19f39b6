"""The pages of spend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.queries import last_read_snapshot
from feedback.spend.baselines import CAPABLE_SCORE
from feedback.spend.calls import list_calls
from feedback.spend.charts import forecast_figure, spend_figure
from feedback.spend.inputs import check_width, most_days, read_cursor, read_look, read_model
from feedback.spend.links import (
    CALLS,
    CASCADE,
    FORECAST,
    PAGE,
    SAVINGS,
    calls_url,
    chips,
    dimension_links,
    linked_bars,
    linked_rows,
    named_line,
    range_links,
    section_links,
    url_of,
)
from feedback.spend.months import month_of
from feedback.spend.overview import Overview, divide, look_over
from feedback.spend.presenters import LINE_COLUMNS, ROW_COLUMNS, csv_line, csv_rows, cursor_text
from feedback.spend.saved import cascades_in, savings_of
from feedback.spend.savings_presenters import CASCADE_COLUMNS, SAVING_COLUMNS, csv_cascades, csv_savings
from feedback.spend.shapes import DIMENSION_TITLES, NO_VALUE, Look
from runs.ledger.windows import day_of
from runs.shapes import Mode
from runs.spend.lines import stream_lines
from runs.spend.queries import titles_of
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.csvtext import csv_lines

_SECONDS_A_DAY = 86_400


@requires_role(Role.VIEWER)
@require_safe
def spend(request: ActorRequest) -> HttpResponse:
    """What was spent: one's own; everybody's for an admin."""
    now = timezone.now()
    look = read_look(request.GET.dict(), request.actor, day_of(now))
    check_width(look)
    shown = look_over(look, today=day_of(now), day_share=day_share(now))
    bars = linked_bars(shown)
    context = {
        **frame(PAGE, look, shown.titles),
        "shown": shown,
        "rows": linked_rows(shown),
        "bars": bars,
        "figure": spend_figure(shown, _links_by_series(shown, bars)),
        "dimensions": dimension_links(look),
        "dimension_title": DIMENSION_TITLES[look.by],
        "calls_url": calls_url(look),
        "csv_url": url_of("feedback:spend-download", look),
        "json_url": url_of("api-spend", look),
        "token_rows": _token_rows(shown),
    }
    return render(request, "feedback/spend/overview.html", context)


@requires_role(Role.VIEWER)
@require_safe
def calls(request: ActorRequest) -> HttpResponse:
    """The calls behind a figure, newest day first."""
    query = request.GET.dict()
    look = read_look(query, request.actor, day_of(timezone.now()), also=("after",))
    page = list_calls(look, after=read_cursor(query.get("after", "")))
    context = {
        **frame(CALLS, look, page.titles),
        "page": page,
        "lines": [named_line(line, page.titles) for line in page.lines],
        "older_url": "" if page.next is None else calls_url(look, after=cursor_text(page.next)),
        "newest_url": calls_url(look) if query.get("after") else "",
        "csv_url": url_of("feedback:spend-calls-download", look, by=None),
        "json_url": url_of("api-spend-calls", look, by=None),
        "overview_url": url_of(PAGE, look),
    }
    return render(request, "feedback/spend/calls.html", context)


@requires_role(Role.VIEWER)
@require_safe
def savings(request: ActorRequest) -> HttpResponse:
    """What the choice of models saved, against four ways of always choosing."""
    query = request.GET.dict()
    look = read_look(query, request.actor, day_of(timezone.now()), also=("baseline",))
    check_width(look)
    named = read_model(query.get("baseline", ""))
    report = savings_of(look, named=named)
    context = {
        **frame(SAVINGS, look, titles_of(look.shown_filters, seen_by=look.seen_by)),
        "report": report,
        "snapshot": last_read_snapshot(),  # it was priced by it
        "named": named,
        "capable_score": CAPABLE_SCORE,
        "csv_url": url_of("feedback:spend-savings-download", look, by=None, baseline=named or None),
        "json_url": url_of("api-spend-savings", look, by=None, baseline=named or None),
    }
    return render(request, "feedback/spend/savings.html", context)


@requires_role(Role.VIEWER)
@require_safe
def cascade(request: ActorRequest) -> HttpResponse:
    """How often a cascade's cheap answer was enough, and what trying it cost."""
    look = read_look(request.GET.dict(), request.actor, day_of(timezone.now()))
    check_width(look)
    report = cascades_in(look)
    context = {
        **frame(CASCADE, look, titles_of(look.shown_filters, seen_by=look.seen_by)),
        "report": report,
        "rows": [
            (item, calls_url(look, mode=Mode.CASCADE, category=item.category or NO_VALUE)) for item in report.cascades
        ],
        "csv_url": url_of("feedback:spend-cascade-download", look, by=None),
        "json_url": url_of("api-spend-cascade", look, by=None),
    }
    return render(request, "feedback/spend/cascade.html", context)


@requires_role(Role.VIEWER)
@require_safe
def forecast(request: ActorRequest) -> HttpResponse:
    """What the running month will come to, beside the caps."""
    now = timezone.now()
    look = read_look(request.GET.dict(), request.actor, day_of(now))
    report = month_of(look, today=day_of(now), day_share=day_share(now))
    context = {
        **frame(FORECAST, look, report.titles),
        "report": report,
        "figure": forecast_figure(report.forecast, report.grown, report.lowest_cap_nano_usd),
    }
    return render(request, "feedback/spend/forecast.html", context)


@requires_role(Role.VIEWER)
@require_safe
def download(request: ActorRequest) -> StreamingHttpResponse:
    """The division by one dimension as CSV, every row of it."""
    now = timezone.now()
    look = read_look(request.GET.dict(), request.actor, day_of(now))
    check_width(look)
    rows = divide(look)
    return _csv(f"spend-by-{look.by}", look, csv_lines(ROW_COLUMNS, csv_rows(rows)))


@requires_role(Role.VIEWER)
@require_safe
def savings_download(request: ActorRequest) -> StreamingHttpResponse:
    """The base lines as CSV."""
    query = request.GET.dict()
    look = read_look(query, request.actor, day_of(timezone.now()), also=("baseline",))
    check_width(look)
    report = savings_of(look, named=read_model(query.get("baseline", "")))
    return _csv("savings", look, csv_lines(SAVING_COLUMNS, csv_savings(report)))


@requires_role(Role.VIEWER)
@require_safe
def cascade_download(request: ActorRequest) -> StreamingHttpResponse:
    """The cascades by kind of task as CSV."""
    look = read_look(request.GET.dict(), request.actor, day_of(timezone.now()))
    check_width(look)
    return _csv("cascades", look, csv_lines(CASCADE_COLUMNS, csv_cascades(cascades_in(look))))


@requires_role(Role.VIEWER)
@require_safe
def calls_download(request: ActorRequest) -> StreamingHttpResponse:
    """All calls of a look as CSV, streamed."""
    look = read_look(request.GET.dict(), request.actor, day_of(timezone.now()))
    rows = map(csv_line, stream_lines(look.part, look.period))
    return _csv("calls", look, csv_lines(LINE_COLUMNS, rows))


def _csv(name: str, look: Look, lines: Iterator[str]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    days = f"{look.period.first}-to-{look.period.last}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{days}.csv"'
    return response


def day_share(now: datetime) -> float:
    """The part of the day, in UTC, that is over."""
    return (now.timestamp() % _SECONDS_A_DAY) / _SECONDS_A_DAY


def frame(name: str, look: Look, titles: Any) -> dict[str, Any]:
    """What every page of spend shows around its figures."""
    return {
        "look": look,
        "sections": section_links(look, name),
        "ranges": range_links(name, look),
        "chips": chips(name, look, titles),
        "kept": {key: value for key, value in look.query().items() if key not in ("range", "from", "to")},
        "most_days": None if name in (CALLS, FORECAST) else most_days(look),
        "simulated_url": url_of(name, look, simulated=None if look.part.is_simulated else "on"),
    }


def _links_by_series(shown: Overview, bars: Any) -> list[list[str]]:
    parts = [[bar.part_urls[place] for bar in bars] for place in range(len(shown.series))]
    return [*parts, [bar.calls_url for bar in bars]]


_BUCKETS: Final = (
    ("Read afresh", "fresh_input_tokens"),
    ("Read from cache", "cache_read_tokens"),
    ("Written to cache", "cache_write_tokens"),
    ("Written", "output_tokens"),
    ("Thought", "reasoning_tokens"),
    ("All", "token_count"),
)


def _token_rows(shown: Overview) -> list[tuple[str, int, int]]:
    return [(title, getattr(shown.total, name), getattr(shown.former, name)) for title, name in _BUCKETS]
