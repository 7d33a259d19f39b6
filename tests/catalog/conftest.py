"""A published catalogue for the stories about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from catalog.refresh import refresh_catalog
from catalog.shapes import Source
from catalog.source_states import set_source_key
from smartspawn.access.shapes import COMMAND_LINE
from tests.upstreams import AA_KEY, Upstreams


@pytest.fixture
def upstreams(settings: Any) -> Iterator[Upstreams]:
    """All upstreams on loopback, and the site pointed at them."""
    with Upstreams() as running:
        settings.SOURCE_BASE_URLS = running.base_urls
        yield running


@pytest.fixture(scope="module")
def _published_catalogue(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The catalogue with every source that the open sites have and a key for Artificial Analysis."""
    from django.conf import settings
    from django.core.management import call_command

    before = settings.SOURCE_BASE_URLS
    with Upstreams() as running, django_db_blocker.unblock():
        settings.SOURCE_BASE_URLS = running.base_urls
        set_source_key(actor=COMMAND_LINE, source=Source.ARTIFICIAL_ANALYSIS, api_key=AA_KEY, accepts_terms=True)
        refresh_catalog(actor=COMMAND_LINE, trigger="test")
        settings.SOURCE_BASE_URLS = before
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def catalogue(_published_catalogue: None, db: None) -> None:
    """A catalogue that is there already; what a test changes is rolled back."""
