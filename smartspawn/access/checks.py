"""What must hold about access before the site starts."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import get_resolver

from smartspawn.access.gates import gate_of, iterate_views


@register("access")
def every_view_declares_its_gate(**_kwargs: Any) -> list[CheckMessage]:
    """An error for each address whose view does not say whom it lets in."""
    return [
        Error(
            f"The view at '{route}' does not declare whom it lets in.",
            hint="Put @requires_role, @requires_scope or @for_everybody outermost (smartspawn/access/gates.py).",
            id="access.E001",
        )
        for route, view in iterate_views(get_resolver().url_patterns)
        if gate_of(view) is None
    ]
