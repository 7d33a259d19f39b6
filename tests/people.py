"""People at their browsers, for tests of what pages show to whom."""

from __future__ import annotations

from django.test import Client

from smartspawn.access.models import User


def browse(user: User | None = None) -> Client:
    """A browser in which this person is signed in; nobody, where none is given."""
    client = Client()
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
