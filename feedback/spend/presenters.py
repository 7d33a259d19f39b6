"""Spend as the JSON of the API, of MCP and of the command line, and as rows of CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from feedback.spend.calls import CallPage
from feedback.spend.forecast import Forecast
from feedback.spend.inputs import most_days
from feedback.spend.overview import Overview
from feedback.spend.shapes import Look, SpendRow
from runs.money import to_usd
from runs.spend.shapes import LineCursor, Period, SpendLine, Spent


def overview_payload(shown: Overview) -> dict[str, Any]:
    """A look at spend: the whole, the period before, the division, and the course."""
    return {
        **look_payload(shown.look),
        "total": spent_payload(shown.total),
        "former": spent_payload(shown.former),
        "changeShare": shown.change,
        "uncertainUsd": _usd(shown.uncertain.cost_nano_usd),
        "lostUsd": _usd(shown.lost.cost_nano_usd),
        "forecast": None if shown.forecast is None else forecast_payload(shown.forecast),
        "rows": [_row_payload(row) for row in shown.rows],
        "rowCount": shown.row_count,
        "course": [
            {
                **period_payload(bar.period),
                "usd": _usd(bar.total.cost_nano_usd),
                "calls": bar.total.call_count,
                "parts": [
                    {"value": row.value, "usd": _usd(cost)}
                    for row, cost in zip(shown.series, bar.costs_nano_usd, strict=True)
                    if cost
                ],
            }
            for bar in shown.bars
        ],
    }


def look_payload(look: Look) -> dict[str, Any]:
    """What was asked: the days, and the part."""
    return {
        "period": period_payload(look.period),
        "formerPeriod": period_payload(look.former),
        "by": look.by.value,
        "user": look.part.user_id,
        "filters": {dimension.value: value for dimension, value in look.part.filters},
        "isSimulated": look.part.is_simulated,
        "mostDays": most_days(look),
    }


def period_payload(period: Period) -> dict[str, str]:
    """Days, both ends among them, in UTC."""
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def spent_payload(spent: Spent) -> dict[str, Any]:
    """What some calls came to; null is unknown."""
    return {
        "usd": _usd(spent.cost_nano_usd),
        "calls": spent.call_count,
        "tokens": {
            "freshInput": spent.fresh_input_tokens,
            "cacheRead": spent.cache_read_tokens,
            "cacheWrite": spent.cache_write_tokens,
            "output": spent.output_tokens,
            "reasoning": spent.reasoning_tokens,
            "total": spent.token_count,
        },
        "reservedUsd": _usd(spent.reserved_nano_usd),
        "measuredUsd": _usd(spent.measured_nano_usd),
        "estimatedUsd": _usd(spent.estimated_nano_usd),
        "estimatedCalls": spent.estimated_count,
        "usdPerCall": _part_usd(spent.nano_usd_a_call),
        "usdPerMtok": _part_usd(spent.nano_usd_a_mtok),
        "latencyMs": {
            "mean": _rounded(spent.mean_latency_ms),
            "aboutMedian": _rounded(spent.median_latency_ms),
            "aboutP95": _rounded(spent.slow_latency_ms),
            "calls": spent.timed_count,
        },
    }


def forecast_payload(found: Forecast) -> dict[str, Any]:
    """What the month will come to; null where too few days are known."""
    return {
        **period_payload(Period(found.first, found.last)),
        "spentUsd": _usd(found.spent_nano_usd),
        "expectedUsd": _usd(found.expected_nano_usd),
        "lowerUsd": _usd(found.lower_nano_usd),
        "upperUsd": _usd(found.upper_nano_usd),
        "daysKnown": found.day_count,
    }


def calls_payload(page: CallPage) -> dict[str, Any]:
    """Some calls, newest day first, with what all of them come to."""
    return {
        **look_payload(page.look),
        "total": spent_payload(page.total),
        "calls": [line_payload(line) for line in page.lines],
        "next": None if page.next is None else cursor_text(page.next),
    }


def line_payload(line: SpendLine) -> dict[str, Any]:
    """One line of the ledger."""
    return {
        "id": line.line_id,
        "call": str(line.call_id),
        "kind": line.kind,
        "at": line.at.isoformat(),
        "day": line.day.isoformat(),
        "status": line.status,
        "user": line.user_id,
        "key": line.key_id,
        "run": None if line.run_id is None else str(line.run_id),
        "node": line.node_key or None,
        "attempt": line.attempt,
        "purpose": line.purpose,
        "mode": line.mode or None,
        "category": line.category or None,
        "driver": line.driver,
        "decision": line.decision_id or None,
        "connection": line.connection,
        "provider": line.provider,
        "model": line.model_id,
        "servedModel": line.served_model or None,
        "tokens": {
            "freshInput": line.fresh_input_tokens,
            "cacheRead": line.cache_read_tokens,
            "cacheWrite": line.cache_write_tokens,
            "output": line.output_tokens,
            "reasoning": line.reasoning_tokens,
        },
        "usd": _usd(line.cost_nano_usd),
        "computedUsd": _usd(line.computed_nano_usd),
        "reportedUsd": _usd(line.reported_nano_usd),
        "reservedUsd": _usd(line.reserved_nano_usd),
        "latencyMs": line.latency_ms,
        "error": line.error_code or None,
        "isEstimated": line.is_estimated,
        "isSimulated": line.is_simulated,
    }


def cursor_text(cursor: LineCursor) -> str:
    """A cursor as addresses carry it; ``read_cursor`` reads it."""
    return f"{cursor.day.isoformat()}_{cursor.line_id}"


# --- CSV -------------------------------------------------------------------------------------------------

ROW_COLUMNS: Final = (
    *("value", "name", "usd", "share", "former_usd", "calls", "former_calls"),
    *("fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    *("reserved_usd", "estimated_usd", "mean_latency_ms", "about_median_latency_ms", "about_p95_latency_ms"),
)
LINE_COLUMNS: Final = (
    *("day", "at", "call_id", "kind", "status", "usd", "calls", "user_id", "key_id", "run_id", "node", "attempt"),
    *("purpose", "mode", "category", "driver", "decision_id", "connection", "provider", "model", "served_model"),
    *("fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    *("computed_usd", "reported_usd", "reserved_usd", "latency_ms", "error", "is_estimated", "is_simulated"),
)


def csv_rows(rows: Sequence[SpendRow]) -> Iterator[tuple[object, ...]]:
    """The division as rows of ROW_COLUMNS; amounts are exact."""
    for row in rows:
        now = row.spent
        yield (
            *(row.value, row.title, exact_usd(now.cost_nano_usd), row.share, exact_usd(row.former.cost_nano_usd)),
            *(now.call_count, row.former.call_count),
            *(now.fresh_input_tokens, now.cache_read_tokens, now.cache_write_tokens),
            *(
                now.output_tokens,
                now.reasoning_tokens,
                exact_usd(now.reserved_nano_usd),
                exact_usd(now.estimated_nano_usd),
            ),
            *map(_rounded, (now.mean_latency_ms, now.median_latency_ms, now.slow_latency_ms)),
        )


def csv_line(line: SpendLine) -> tuple[object, ...]:
    """A line of the ledger as a row of LINE_COLUMNS; amounts are exact."""
    return (
        *(line.day, line.at.isoformat(), line.call_id, line.kind, line.status, exact_usd(line.cost_nano_usd)),
        *(line.call_count, line.user_id, line.key_id, line.run_id, line.node_key, line.attempt),
        *(line.purpose, line.mode, line.category, line.driver, line.decision_id, line.connection, line.provider),
        *(line.model_id, line.served_model, line.fresh_input_tokens, line.cache_read_tokens),
        *(line.cache_write_tokens, line.output_tokens, line.reasoning_tokens),
        *map(exact_usd, (line.computed_nano_usd, line.reported_nano_usd, line.reserved_nano_usd)),
        *(line.latency_ms, line.error_code, line.is_estimated, line.is_simulated),
    )


def _row_payload(row: SpendRow) -> dict[str, Any]:
    return {
        "value": row.value,
        "name": row.title,
        "share": row.share,
        "changeShare": row.change,
        **spent_payload(row.spent),
        "formerUsd": _usd(row.former.cost_nano_usd),
        "formerCalls": row.former.call_count,
    }


def exact_usd(nano_usd: int | None) -> str | None:
    """The amount in dollars, to the last digit."""
    return None if nano_usd is None else f"{to_usd(nano_usd):f}"


def _usd(nano_usd: int | None) -> float | None:
    return None if nano_usd is None else float(to_usd(nano_usd))


def _part_usd(nano_usd: float | None) -> float | None:
    return None if nano_usd is None else round(nano_usd / 1e9, 12)


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
