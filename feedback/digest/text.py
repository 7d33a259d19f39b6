"""The week as text for a chat. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from feedback.digest.said import MOST_WAITING
from feedback.digest.week import Week
from feedback.spend.shapes import change_of
from runs.money import format_usd


def write_week(week: Week) -> str:
    """A few lines that read well in any chat: no markup but the hyphens of lists."""
    return "\n".join(_lines(week))


def _lines(week: Week) -> Iterator[str]:
    whose = "Everybody's week" if week.is_everybodys else "Your week"
    yield f"{whose} in Smart Spawn, {week.period.first} to {week.period.last}"
    yield f"Runs: {week.run_count} ({week.completed_count} completed), {week.former_run_count} the week before"
    change = change_of(week.spent.cost_nano_usd, week.former_spent.cost_nano_usd)
    than = "" if change is None else f", {change:+.0%} on the week before"
    yield f"Spent: {format_usd(week.spent.cost_nano_usd)} in {week.spent.call_count} calls{than}"
    for title, saving in week.titled_savings:
        if saving.baseline_nano_usd:
            yield f"- {title} would have cost {format_usd(saving.baseline_nano_usd)}{_saved(saving.saved_nano_usd)}"
    if week.models:
        yield "Models: " + ", ".join(f"{row.title} {format_usd(row.spent.cost_nano_usd)}" for row in week.models)
    if week.accepted.worth_share is not None:
        former = week.former_accepted.worth_share
        was = "" if former is None else f", {former:.0%} the week before"
        yield f"Accepted: {week.accepted.worth_share:.0%} of {week.accepted.rating_count} rated{was}"
    if week.cascade.hit_share is not None:
        yield f"Cascades: the cheap answer was enough in {week.cascade.hit_share:.0%} of {week.cascade.tried_count}"
    yield from (f"Alert: {alert.title} {alert.window}, {alert.spent_share:.0%} spent" for alert in week.alerts[:3])
    if week.dearest:
        yield "Dearest:"
        yield from (f"- {format_usd(run.cost_nano_usd)} {' '.join(run.title.split())[:80]}" for run in week.dearest)
    if week.waiting_count:
        more = " or more" if week.waiting_count == MOST_WAITING else ""
        yield f"Waiting for your rating: {week.waiting_count}{more}"


def _saved(nano_usd: int) -> str:
    words = "saved" if nano_usd >= 0 else "more was paid"
    return f": {format_usd(abs(nano_usd))} {words}"
