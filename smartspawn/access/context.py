"""What every template may know about who looks at it."""

from __future__ import annotations

from django.http import HttpRequest

from smartspawn.access.requests import actor_of
from smartspawn.access.shapes import Role


def actor(request: HttpRequest) -> dict[str, object]:
    """``actor``, and whether the role reaches: ``is_member`` and ``is_admin``."""
    asking = actor_of(request)
    return {
        "actor": asking,
        "is_member": asking.has_role(Role.MEMBER),
        "is_admin": asking.has_role(Role.ADMIN),
    }
