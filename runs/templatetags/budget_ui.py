"""How the pages speak of budgets, and what they say above everything else."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from runs.alerting.queries import list_notices
from runs.alerting.shapes import Alert
from runs.alerting.wording import amounts, headline
from smartspawn.access.shapes import ANONYMOUS

register = template.Library()


@register.inclusion_tag("runs/_notices.html", takes_context=True)
def budget_notices(context: Context) -> dict[str, Any]:
    """What there is to tell the person who looks at a page."""
    return {"notices": list_notices(context.get("actor") or ANONYMOUS), "csrf_token": context.get("csrf_token")}


@register.filter
def told(alert: Alert) -> str:
    """What happened, in one line."""
    return headline(alert)


@register.filter
def figures(alert: Alert) -> str:
    """The figures of that moment."""
    return amounts(alert)
