"""Settings that would lose work or let strangers in are refused, each with a word of what to do."""

from __future__ import annotations

import lzma
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as live_settings
from django.core.checks import run_checks
from pytest_django import Settings

from smartspawn import checks
from tests.site import ROOT, clean_environment, furnish_home


def ids(messages: list[Any]) -> set[str]:
    assert all(message.hint for message in messages)
    return {message.id.rpartition(".")[2] for message in messages}


def test_the_product_as_shipped_passes_every_check() -> None:
    assert run_checks() == []


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"retry": 1800}, "E001"),
        ({"retry": None}, "E001"),
        ({"timeout": 10_000}, "E001"),
        ({"max_attempts": 0}, "E002"),
        ({"ack_failures": False}, "E002"),
        ({"broker_class": None}, "E003"),
        ({"orm": None, "redis": {}}, "E003"),
        ({"workers": 0}, "E004"),
    ],
)
def test_queue_settings_that_lose_or_repeat_work_are_refused(
    settings: Settings, change: dict[str, Any], refusal: str
) -> None:
    settings.Q_CLUSTER = {**live_settings.Q_CLUSTER, **change}
    assert ids(checks.queue_settings_are_safe()) == {refusal}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"timeout": 20, "transaction_mode": "DEFERRED", "init_command": "PRAGMA journal_mode=WAL;"},
        {"timeout": 1, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"},
        {"timeout": 20, "transaction_mode": "IMMEDIATE"},
    ],
)
def test_sqlite_settings_under_which_writers_fail_are_refused(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    database = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": options}
    monkeypatch.setattr(live_settings, "DATABASES", {"default": database})
    assert ids(checks.sqlite_waits_instead_of_failing()) == {"E005"}


def test_postgresql_needs_no_sqlite_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_settings, "DATABASES", {"default": {"ENGINE": "django.db.backends.postgresql"}})
    assert checks.sqlite_waits_instead_of_failing() == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("aliases.yaml", b"a: [b"),
        ("facts.json", b'{"a": '),
        ("snapshot.json.xz", b"not xz"),
        ("snapshot.json.xz", lzma.compress(b'{"a": 1}')[:-9]),
        ("snapshot.json.xz", lzma.compress(b'{"a": ')),
    ],
)
def test_a_damaged_data_file_is_named(tmp_path: Path, name: str, body: bytes) -> None:
    (tmp_path / name).write_bytes(body)
    (tmp_path / "whole.json").write_text("{}")
    (message,) = checks.find_damaged_files(tmp_path)
    assert name in message.msg
    assert message.hint


def test_a_home_that_may_not_be_written_is_refused(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOME_DIR = tmp_path
    assert checks.home_is_writable() == []
    monkeypatch.setattr("os.access", lambda *_args: False)  # root may write anywhere
    assert ids(checks.home_is_writable()) == {"E007"}


@pytest.mark.parametrize(
    ("host", "change", "found"),
    [
        ("127.0.0.1", {"DEBUG": True}, set()),
        ("0.0.0.0", {"DEBUG": True, "ALLOWED_HOSTS": ["a.example"]}, {"E008"}),
        ("::", {"ALLOWED_HOSTS": ["a.example", "localhost"]}, set()),
        ("0.0.0.0", {"ALLOWED_HOSTS": ["*"]}, {"W001"}),
        ("0.0.0.0", {"ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"]}, {"W002"}),
        ("127.0.0.1", {"SECRET_KEY": "short"}, {"E009"}),
    ],
)
def test_reach_and_protection_must_fit(settings: Settings, host: str, change: dict[str, Any], found: set[str]) -> None:
    settings.HOST = host
    for name, value in change.items():
        setattr(settings, name, value)
    assert ids(checks.reach_and_protection_fit()) == found


@pytest.mark.parametrize("key", ["secret", "", "x" * 44])
def test_a_key_that_seals_nothing_is_refused(settings: Settings, key: str) -> None:
    settings.SECRETS_KEYS = [Fernet.generate_key().decode(), key]
    (message,) = checks.secrets_keys_are_keys()

    assert ids([message]) == {"E011"}
    assert "key 2 of 2" in message.msg
    assert not key or key not in message.msg


def test_an_agent_that_cannot_be_driven_is_refused(settings: Settings) -> None:
    settings.HARNESSES = ["claude", "sh"]

    (message,) = checks.harnesses_are_known()
    assert ids([message]) == {"E012"}
    assert "names sh," in message.msg


@pytest.mark.parametrize(
    ("provider", "key", "expected"), [("", "", set()), ("brave", "k", set()), ("brave", "", {"E013"})]
)
def test_a_search_provider_without_its_key_is_refused(
    settings: Settings, provider: str, key: str, expected: set[str]
) -> None:
    settings.SEARCH_PROVIDER, settings.SEARCH_API_KEY, settings.SEARCH_BASE_URL = provider, key, ""

    assert ids(checks.search_is_set_up()) == expected


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("localhost", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_only_this_machine_is_loopback(host: str, is_loopback: bool) -> None:
    assert checks.is_loopback_host(host) is is_loopback


def test_serving_without_collected_files_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    assert ids(checks.static_files_are_collected()) == {"E010"}
    (tmp_path / "staticfiles.json").write_text("{}")
    assert checks.static_files_are_collected() == []


def test_what_comes_before_the_web_server_checks_the_settings_and_loads_no_page(tmp_path: Path) -> None:
    furnish_home(tmp_path)
    code = (
        "import sys; from django.core.management import call_command; "
        "from smartspawn.access.signin import create_signin_link; "
        "call_command('prepare', skip_checks=False); create_signin_link(); "
        "print([name for name in ('smartspawn.urls', 'aiohttp', 'numpy') if name in sys.modules])"
    )
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]

    def start(**environment: str) -> subprocess.CompletedProcess[str]:
        own = clean_environment(tmp_path, **environment)
        return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)

    assert start().stdout.splitlines()[-1] == "[]"
    assert "smartspawn.E004" in start(WORKERS="0").stderr


def test_every_setting_of_the_environment_is_documented() -> None:

    source = (live_settings.BASE_DIR / "smartspawn" / "settings.py").read_text()
    documented = (live_settings.BASE_DIR / ".env.example").read_text()
    read = set(re.findall(r'(?:env\.\w+|_rate)\(\s*"([A-Z_]+)"', source))
    assert len(read) > 25
    read |= set(live_settings.PROVIDER_KEY_NAMES)
    assert {name for name in read if f"\n#{name}=" not in documented} == set()
    assert set(re.findall(r"^#?([A-Z_]+)=", documented, re.MULTILINE)) - read == set()
