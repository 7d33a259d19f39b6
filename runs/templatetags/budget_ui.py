"""How the pages speak of budgets."""

from __future__ import annotations

from django import template

from runs.alerting.wording import amounts, headline
from runs.shapes.alerts import Alert

register = template.Library()


@register.filter
def told(alert: Alert) -> str:
    """What happened, in one line."""
    return headline(alert)


@register.filter
def figures(alert: Alert) -> str:
    """The figures of that moment."""
    return amounts(alert)
