"""A real Chromium against the running site; every page is watched for errors and for calls to other hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from smartspawn.access.models import User
from smartspawn.access.shapes import Role
from tests.factories import publish_snapshot

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PATIENCE_MS = 30_000  # a busy machine is no fault of the page, and the first one wakes the whole site up

OpenPage = Callable[..., Page]


@dataclass
class Watch:
    """What a page must never do, as far as it did."""

    site_url: str
    faults: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # parts of console messages that the test itself provokes

    def note_console(self, message: ConsoleMessage) -> None:
        is_expected = any(part in message.text for part in self.expected)
        if message.type in {"error", "warning"} and not is_expected:
            self.faults.append(f"console {message.type}: {message.text}")

    def note_request(self, request: Request) -> None:
        if not request.url.startswith((self.site_url, "data:", "blob:")):
            self.faults.append(f"outside request: {request.url}")

    def follow(self, page: Page) -> None:
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self.note_console)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("request", self.note_request)
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))


@pytest.fixture(scope="module")
def browser(chromium_path: str, django_db_setup: None) -> Iterator[Browser]:
    """One browser for the tests of a file; each test has its own cookies.

    It comes after the test database and goes before it: while its event loop runs, Django must be told
    that reading the database is meant.
    """
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE_MS)
        running = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def site(live_server: Any) -> str:
    """The address of a running site with a made-up catalogue."""
    publish_snapshot()
    return str(live_server.url)


@pytest.fixture
def watch(site: str) -> Iterator[Watch]:
    """Fails the test for console and CSP errors, dialogs and calls to other hosts."""
    watching = Watch(site)
    yield watching
    assert watching.faults == []


@pytest.fixture
def open_page(browser: Browser, site: str, watch: Watch) -> Iterator[OpenPage]:
    """A new page, signed in with a role; options are those of a browser context."""
    contexts: list[BrowserContext] = []

    def make(role: Role | None = Role.MEMBER, **options: Any) -> Page:
        context = browser.new_context(base_url=site, **{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        if role is not None:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(role), "url": site}])
        page = context.new_page()
        watch.follow(page)
        return page

    yield make
    for context in contexts:
        context.close()


def session_of(role: Role) -> str:
    """The session cookie of a person with this role."""
    user, _ = User.objects.get_or_create(username=f"some-{role}", defaults={"role": role})
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core, the accessibility checker."""
    return AXE.read_text()
