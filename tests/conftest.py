"""What every test can count on: no network, no traces on this machine, a browser or a word about it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.chromium import ADVICE, find_chromium
from tests.network import guard

if TYPE_CHECKING:
    from smartspawn.access.models import User

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Those of pytest-django; without one of them or the mark `django_db`, it lets no test near the database.
_DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_setup", "live_server"})


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        guard(monkeypatch)
        yield


@pytest.fixture(autouse=True)
def _sync_browser_may_use_the_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's sync interface runs an event loop, beside which Django would refuse to read the database."""
    if request.node.get_closest_marker("browser"):
        monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(autouse=True)
def _no_breaker_is_remembered() -> None:
    """Breakers are read once a second: what a test leaves behind would keep the next from a connection of that name."""
    from runs.breakers.shared import forget_streaks  # not before Django is set up

    forget_streaks()


@pytest.fixture
def alice(db: None) -> User:
    """An admin."""
    from smartspawn.access.models import User  # not before Django is set up

    return User.objects.create(username="alice", role="admin")


@pytest.fixture
def bob(db: None) -> User:
    """A member."""
    from smartspawn.access.models import User  # as above

    return User.objects.create(username="bob", role="member")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser to drive."""
    path = find_chromium()
    assert path, ADVICE
    return path


@pytest.hookimpl(tryfirst=True)  # before -m chooses among the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser the browser tests are left out, loudly; on CI they stay, and fail.

    What starts whole sites comes first: it takes long, and nobody should wait for it at the end alone.
    """
    items.sort(key=lambda item: item.get_closest_marker("faults") is None)
    for item in items:
        if item.get_closest_marker("django_db") or not _DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("stores")
    if find_chromium() or os.environ.get("CI"):
        return
    browser_items = [item for item in items if item.get_closest_marker("browser")]
    config.hook.pytest_deselected(items=browser_items)
    items[:] = [item for item in items if item not in browser_items]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    if not find_chromium():
        terminalreporter.write_sep("!", "browser tests did not run", red=True, bold=True)
        terminalreporter.write_line(ADVICE)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    from tests.settings import TEST_HOME

    shutil.rmtree(TEST_HOME, ignore_errors=True)
