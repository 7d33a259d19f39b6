"""The tool that tells whether the choice was right."""

from __future__ import annotations

from typing import Any

from feedback.digest.inputs import DigestInput, read_whose
from feedback.digest.presenters import week_payload
from feedback.digest.week import week_of
from feedback.inputs import RatingInput, read_rating
from feedback.presenters import rating_payload
from feedback.record import rate
from smartspawn.access.shapes import Actor, Scope
from smartspawn.mcp.schemas import schema_of
from smartspawn.mcp.shapes import Arguments, McpTool


def _rate(actor: Actor, given: Arguments) -> dict[str, Any]:
    subject, said = read_rating(given)
    return dict(rating_payload(rate(subject=subject, said=said, actor=actor)))


def _digest(actor: Actor, given: Arguments) -> dict[str, Any]:
    return week_payload(week_of(actor, is_everybodys=read_whose(str(given.get("of") or ""))))


FEEDBACK_TOOLS = (
    McpTool(
        "smartspawn_rate",
        "Rate what came of it",
        "Says of a run, a node of it or a logged spawn how good it was, 1 to 5, or whether it was accepted or redone. "
        "The next choice for you heeds it.",
        schema_of(RatingInput),
        Scope.FEEDBACK_WRITE,
        _rate,
        is_read_only=False,
    ),
    McpTool(
        "smartspawn_digest",
        "The week in short",
        "The last seven days beside the seven before: runs, spend, savings, models, acceptance, cascades, alerts "
        "and what waits for a rating; 'text' is written for a chat.",
        schema_of(DigestInput),
        Scope.RUNS_READ,
        _digest,
    ),
)
