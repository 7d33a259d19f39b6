"""What must hold before the site starts: each finding says what to do about it."""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml
from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's own names

from runs.harness.drivers import DRIVERS
from runs.tools.engines import why_no_engine
from smartspawn import tracing

SERVING_TAG = "serving"  # what only the web server needs; `manage.py serve` asks for it
# What an owner may have got wrong. Django's own checks and those of access load every page, which takes longer than
# all else of a start: the web server, which needs the pages anyway, makes them, and the processes beside it do not.
SETTINGS_TAG = "settings"
SHORTEST_SECRET_KEY = 32

Messages = list[CheckMessage]


@register("queue", SETTINGS_TAG)
def queue_settings_are_safe(**_kwargs: Any) -> Messages:
    """Refuse settings under which tasks are lost, run twice, or come back for ever."""
    queue: dict[str, Any] = {**settings.Q_CLUSTER}
    messages: Messages = []
    timeout, retry = queue.get("timeout"), queue.get("retry")
    if not timeout or not retry or retry <= timeout:
        messages.append(
            Error(
                f"Q_CLUSTER retry ({retry}) must be longer than timeout ({timeout}).",
                hint="A task that still runs would be given to a second worker. Raise retry above timeout.",
                id="smartspawn.E001",
            )
        )
    if queue.get("max_attempts") != 1 or not queue.get("ack_failures"):
        messages.append(
            Error(
                "Q_CLUSTER must have max_attempts 1 and ack_failures True.",
                hint="Tasks only ring; their rows know whether work is left. A failed one must not come back.",
                id="smartspawn.E002",
            )
        )
    if queue.get("broker_class") != "smartspawn.heartbeat.BeatingBroker" or queue.get("orm") != "default":
        messages.append(
            Error(
                "Q_CLUSTER must use smartspawn.heartbeat.BeatingBroker on the default database.",
                hint="Other brokers lose the tasks of a killed worker, and a stalled cluster goes unseen.",
                id="smartspawn.E003",
            )
        )
    if int(queue.get("workers") or 0) < 1:
        messages.append(Error("WORKERS must be at least 1.", hint="Set WORKERS=2.", id="smartspawn.E004"))
    return messages


@register("sqlite", SETTINGS_TAG)
def sqlite_waits_instead_of_failing(**_kwargs: Any) -> Messages:
    """Refuse SQLite settings under which concurrent writers fail."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    options = database.get("OPTIONS", {})
    missing = [
        wanted
        for wanted, is_there in (
            ("transaction_mode IMMEDIATE", options.get("transaction_mode") == "IMMEDIATE"),
            ("a timeout of 5 s or more", float(options.get("timeout", 0)) >= 5),
            ("journal_mode=WAL", "journal_mode=wal" in str(options.get("init_command", "")).lower()),
        )
        if not is_there
    ]
    if not missing:
        return []
    return [
        Error(
            f"The SQLite database lacks {', '.join(missing)}.",
            hint="Put it back into DATABASES['default']['OPTIONS']; else writers fail with 'database is locked'.",
            id="smartspawn.E005",
        )
    ]


@register("data", SETTINGS_TAG)
def data_files_can_be_read(app_configs: Sequence[AppConfig] | None = None, **_kwargs: Any) -> Messages:
    """Refuse a checkout whose shipped data files are damaged."""
    del app_configs
    return [message for folder in sorted(settings.BASE_DIR.glob("*/data")) for message in find_damaged_files(folder)]


def find_damaged_files(folder: Path) -> Messages:
    """An error for each data file in the folder that does not read as what its name says."""
    messages: Messages = []
    for path in sorted(folder.rglob("*")):
        read = _READERS.get(path.suffix)
        try:
            if read:
                read(path)
        except (OSError, ValueError, EOFError, lzma.LZMAError, yaml.YAMLError) as error:
            messages.append(
                Error(
                    f"The data file {path.name} cannot be read: {str(error).splitlines()[0]}",
                    hint=f"Take it from the repository again: git checkout -- {path}",
                    id="smartspawn.E006",
                )
            )
    return messages


_READERS: Mapping[str, Callable[[Path], object]] = {
    ".json": lambda path: json.loads(path.read_bytes()),
    ".yaml": lambda path: yaml.safe_load(path.read_bytes()),
    ".xz": lambda path: json.loads(lzma.decompress(path.read_bytes())),
}


@register("security", SETTINGS_TAG)
def secrets_keys_are_keys(**_kwargs: Any) -> Messages:
    """Refuse a key ring that could seal and open nothing."""
    broken = [number for number, key in enumerate(settings.SECRETS_KEYS, 1) if not _is_key(key)]
    if not broken:
        return []
    return [
        Error(
            f"SECRETS_KEYS: key {', '.join(map(str, broken))} of {len(settings.SECRETS_KEYS)} is none.",
            hint="Make one with: python manage.py rotate_secrets --make-key. Separate several by commas, newest first.",
            id="smartspawn.E011",
        )
    ]


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@register("harness", SETTINGS_TAG)
def harnesses_are_known(**_kwargs: Any) -> Messages:
    """Refuse the name of a command-line agent that there is no driver for."""
    known = {driver.name for driver in DRIVERS}
    unknown = [name for name in settings.HARNESSES if name not in known]
    if not unknown:
        return []
    return [
        Error(
            f"HARNESSES names {', '.join(unknown)}, which cannot be driven.",
            hint=f"There are {', '.join(sorted(known))}.",
            id="smartspawn.E012",
        )
    ]


@register("search", SETTINGS_TAG)
def search_is_set_up(**_kwargs: Any) -> Messages:
    """Refuse a search provider that nobody knows, or that lacks its key or address."""
    problem = why_no_engine() if settings.SEARCH_PROVIDER else ""
    hint = "See SEARCH_PROVIDER in .env.example, or leave it empty: then models search by themselves where they can."
    return [Error(problem, hint=hint, id="smartspawn.E013")] if problem else []


@register("home", SETTINGS_TAG)
def home_is_writable(**_kwargs: Any) -> Messages:
    """Refuse a home that this user may not write to."""
    if os.access(settings.HOME_DIR, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"SMARTSPAWN_HOME={settings.HOME_DIR} is not writable.",
            hint="Give this user the folder (chown, chmod u+rwx), or name another one in SMARTSPAWN_HOME.",
            id="smartspawn.E007",
        )
    ]


@register("security", SETTINGS_TAG)
def reach_and_protection_fit(**_kwargs: Any) -> Messages:
    """Refuse or warn of settings that are fine on one machine and dangerous or useless beyond it."""
    messages: Messages = []
    is_public = not is_loopback_host(settings.HOST)
    if settings.DEBUG and is_public:
        messages.append(
            Error(
                f"DEBUG is on while HOST={settings.HOST} lets other machines in.",
                hint="Error pages would show settings and code to strangers. Unset DEBUG, or use HOST=127.0.0.1.",
                id="smartspawn.E008",
            )
        )
    if len(settings.SECRET_KEY) < SHORTEST_SECRET_KEY:
        messages.append(
            Error(
                f"SECRET_KEY has fewer than {SHORTEST_SECRET_KEY} characters.",
                hint="Unset it, and one is made and kept in SMARTSPAWN_HOME; or use a long random one.",
                id="smartspawn.E009",
            )
        )
    return messages + (_public_warnings() if is_public else [])


def _public_warnings() -> Messages:
    messages: Messages = []
    if "*" in settings.ALLOWED_HOSTS:
        messages.append(
            Warning(
                "ALLOWED_HOSTS=* believes any Host header.",
                hint="Name the hosts that people type: ALLOWED_HOSTS=models.example.org",
                id="smartspawn.W001",
            )
        )
    elif all(is_loopback_host(host) for host in settings.ALLOWED_HOSTS):
        messages.append(
            Warning(
                f"HOST={settings.HOST} lets other machines in, but ALLOWED_HOSTS names only this one.",
                hint="Add the name or address that people type: ALLOWED_HOSTS=models.example.org",
                id="smartspawn.W002",
            )
        )
    return messages


@register("traces", SETTINGS_TAG)
def traces_can_be_made(**_kwargs: Any) -> Messages:
    """Refuse a collector that nothing could be sent to."""
    if not tracing.is_on() or tracing.has_packages():
        return []
    return [
        Error(
            "OTEL_EXPORTER_OTLP_ENDPOINT names a collector of traces, but the packages that make traces are not there.",
            hint=f"Run: {tracing.INSTALL} (in a checkout: pip install -e '.[otel]'), or take the setting out.",
            id="smartspawn.E011",
        )
    ]


def is_loopback_host(host: str) -> bool:
    """Whether only this machine is meant."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@register(SERVING_TAG, deploy=True)
def static_files_are_collected(**_kwargs: Any) -> Messages:
    """Refuse to serve pages whose styles and scripts are not there."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if settings.DEBUG or manifest.exists():
        return []
    return [
        Error(
            f"Static files are not collected: {manifest} is missing.",
            hint="Run: python manage.py collectstatic --noinput (`make up` does it by itself).",
            id="smartspawn.E010",
        )
    ]
