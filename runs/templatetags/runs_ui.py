"""What the pages of runs show in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django import template
from django.utils.safestring import SafeString

from runs.markdown import render_markdown
from runs.money import to_usd
from runs.shapes import NodeStatus, RunStatus

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
    """Nano-dollars for people: enough digits to tell small amounts apart, "unknown" for what nobody knows."""
    if amount is None:
        return "unknown"
    usd = Decimal(to_usd(amount))
    if usd == 0:
        return "$0"
    digits = 2 if usd >= 1 else 4 if usd >= Decimal("0.01") else 6
    return f"${usd:,.{digits}f}" if abs(usd) >= Decimal("0.000001") else "under $0.000001"


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
