"""What the pages of runs show in words."""

from __future__ import annotations

from typing import Final

from django import template
from django.utils.safestring import SafeString

from runs.money import format_usd
from runs.shapes import NodeStatus, RunStatus
from runs.texts.markdown import render_markdown

register = template.Library()

_TONES: Final = {
    RunStatus.COMPLETED: "good",
    RunStatus.RUNNING: "accent",
    RunStatus.QUEUED: "",
    RunStatus.AWAITING_APPROVAL: "warn",
    RunStatus.BUDGET_EXHAUSTED: "warn",
    RunStatus.FAILED: "bad",
    RunStatus.CANCELED: "",
    NodeStatus.SKIPPED: "",
}


@register.filter
def nano_usd(amount: int | None) -> str:
    """Nano-dollars for people; "unknown" for what nobody knows."""
    return "unknown" if amount is None else format_usd(amount)


@register.filter
def tone(status: str) -> str:
    """The colour of a status."""
    return _TONES.get(status, "")  # type: ignore[call-overload, no-any-return]  # words of two enums, both texts


@register.filter
def words(status: str) -> str:
    """A status as people write it."""
    return str(status).replace("_", " ")


@register.filter
def took(duration_ms: float | None) -> str:
    """A duration in the unit that fits."""
    if duration_ms is None:
        return ""
    if duration_ms < 1000:
        return f"{duration_ms:.0f} ms"
    seconds = duration_ms / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


@register.filter
def markdown(text: str | None) -> SafeString:
    """Markdown as harmless HTML."""
    return render_markdown(text or "")
