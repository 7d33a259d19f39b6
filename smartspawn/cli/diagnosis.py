"""``smartspawn diagnose``: look at everything from the settings to the providers, and say how to mend it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import typer

from smartspawn.cli.client import Api
from smartspawn.cli.config import Config
from smartspawn.cli.context import settings_of, wants_json
from smartspawn.cli.faults import FAILED, NOT_ALLOWED, UNREACHABLE, USAGE, CliFault
from smartspawn.cli.here import database_path, home_dir, own_url
from smartspawn.cli.show import show_json, show_text
from smartspawn.cli.site import facts

_LEAST_FREE_MB: Final = 100  # with less, SQLite soon has no room to write
_READINESS_ADVICE: Final[Mapping[str, str]] = {
    "database": "smartspawn logs says why: a full disk, a damaged file, or a database server that is down",
    "queue": "no worker takes tasks: smartspawn restart",
    "catalog": "manage.py refresh_catalog fetches it anew; offline: manage.py load_snapshot",
    "secrets": "put the old key back into SECRETS_KEYS, after the new one; or enter the providers' keys again",
    "disk": "make room; manage.py prune --dry-run says what could go (READYZ_DISK_FREE_MB sets the limit)",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and how to mend it."""

    name: str
    is_ok: bool
    said: str
    advice: str = ""


def diagnose(ctx: typer.Context) -> None:
    """Check everything from the settings to the providers, and say how to mend what is not right."""
    checks = []
    for item in _checks(settings_of(ctx)):
        checks.append(item)
        if not wants_json(ctx):
            show_text(f"{'ok     ' if item.is_ok else 'NOT OK '} {item.name}: {item.said}")
            if item.advice:
                show_text(f"        {item.advice}")
    is_well = all(item.is_ok for item in checks)
    if wants_json(ctx):
        shown = [{"name": item.name, "ok": item.is_ok, "said": item.said, "advice": item.advice} for item in checks]
        show_json({"ok": is_well, "checks": shown})
    if not is_well:
        raise typer.Exit(FAILED)


def _checks(config: Config) -> Iterator[Check]:
    yield _settings_check(config)
    # Without the key: a dead one is refused everywhere, and the site would be blamed for it.
    keyless, api = Api(replace(config, key="")), Api(config)
    site = _site_check(keyless)
    parts = list(_readiness(keyless)) if site.is_ok else []
    yield from (site, *parts)
    if not all(item.is_ok for item in (site, *parts)) and _is_on_this_machine(config.url):
        yield from _look_at_files()
    if not site.is_ok:
        return
    who = _key_check(api)
    yield who
    if who.is_ok:
        yield from _provider_checks(api)


def _settings_check(config: Config) -> Check:
    path = config.path
    if config.problem:
        return Check("settings", is_ok=False, said=config.problem, advice="mend it, or write it anew: smartspawn setup")
    if not path.exists():
        advice = "" if config.key else "smartspawn setup writes it; SMARTSPAWN_URL and SMARTSPAWN_API_KEY do as well"
        return Check("settings", is_ok=bool(config.key), said=f"{path} does not exist", advice=advice)
    is_private = path.stat().st_mode & 0o077 == 0
    advice = "" if is_private else f"chmod 600 {path}"
    return Check("settings", is_private, f"{path}{'' if is_private else ' can be read by others'}", advice)


# --- the site ------------------------------------------------------------------------------


def _site_check(api: Api) -> Check:
    url = api.config.url
    try:
        found = api.get("/healthz")
    except CliFault as fault:
        is_silent = fault.exit_code == UNREACHABLE
        is_told = is_silent or fault.exit_code == USAGE
        said = fault.message if is_told else f"What answers at {url} is no Smart Spawn: {fault.message}"
        return Check("site", is_ok=False, said=said, advice=_site_advice(url, is_silent=is_silent))
    if found != {"status": "ok"}:
        return Check("site", is_ok=False, said=f"What answers at {url} is no Smart Spawn.", advice=_site_advice(url))
    return Check("site", is_ok=True, said=f"answers at {url}")


def _site_advice(url: str, *, is_silent: bool = False) -> str:
    if not _is_on_this_machine(url):
        return "look at that machine, or at the address: smartspawn --url ADDRESS setup keeps another"
    if url.replace("localhost", "127.0.0.1") != own_url():
        return f"the site of this checkout answers elsewhere: smartspawn --url {own_url()} setup keeps its address"
    start = "smartspawn start; if it was up, 'smartspawn logs' says why it ended"
    return start if is_silent else "that program has its port: stop it, or give the site another PORT"


def _readiness(api: Api) -> Iterator[Check]:
    try:
        checks = api.readiness()
    except CliFault as fault:
        yield Check("readiness", is_ok=False, said=fault.message, advice="smartspawn logs")
        return
    for name, found in checks.items():
        is_ok = bool(found["ok"])
        part = "database" if "error" in found else name  # whose check ended with an error, the database failed
        yield Check(name, is_ok, facts(found), "" if is_ok else _READINESS_ADVICE.get(part, "smartspawn logs"))


# --- its files, where something is wrong and they are on this machine ----------------------


def _is_on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _look_at_files() -> Iterator[Check]:
    home = home_dir()
    if not home.is_dir():
        yield Check("files", is_ok=True, said=f"{home} is not there yet: the first start makes it")
        return
    folder = _home_check(home)
    yield folder
    database = database_path()
    if folder.is_ok and database is not None and database.exists():  # in a full folder a sound file fails, too
        yield _database_check(database)


def _home_check(home: Path) -> Check:
    free_mb = shutil.disk_usage(home).free // 1_000_000
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"\0" * 65_536)
    except OSError as error:
        advice = "make room" if free_mb < _LEAST_FREE_MB else "chown and chmod u+rwx it, mount it writable, or set"
        advice += " there, or set SMARTSPAWN_HOME" if free_mb < _LEAST_FREE_MB else " SMARTSPAWN_HOME"
        return Check("files", is_ok=False, said=f"{home} cannot be written to: {error.strerror}", advice=advice)
    is_roomy = free_mb >= _LEAST_FREE_MB
    return Check("files", is_roomy, f"{home}, {free_mb} MB free", "" if is_roomy else "make room there")


def _database_check(path: Path) -> Check:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:  # it may be sound, but cannot be opened, or somebody holds it
        advice = "it must belong to the user that runs the site: chown it, and its -wal and -shm"
        return Check("database file", is_ok=False, said=f"{path}: {error}", advice=advice)
    except sqlite3.Error as error:
        said = str(error)
    if said == "ok":
        return Check("database file", is_ok=True, said=str(path))
    advice = (
        f"smartspawn stop; move {path} and its -wal and -shm away; put a backup in its place (without one an empty "
        f"database is made, and sqlite3 OLD '.recover' may save what it held); smartspawn start"
    )
    return Check("database file", is_ok=False, said=f"{path}: {' '.join(said.split())[:200]}", advice=advice)


# --- the key and the providers -------------------------------------------------------------


def _key_check(api: Api) -> Check:
    try:
        api.get("/api/me/usage")
    except CliFault as fault:
        is_the_keys = fault.exit_code == NOT_ALLOWED
        advice = "smartspawn setup makes and keeps one" if is_the_keys else "smartspawn logs"
        return Check("key", is_ok=False, said=fault.message, advice=advice)
    return Check("key", is_ok=True, said="opens the API")


def _provider_checks(api: Api) -> Iterator[Check]:
    try:
        answer = api.get("/api/connections")
    except CliFault as fault:
        yield Check(
            "providers", is_ok=False, said=fault.message, advice="smartspawn setup with a key that may see them"
        )
        return
    found = [item for item in answer["data"] if item["isEnabled"]]
    connect = "smartspawn setup --provider NAME, or the Connections page"
    if not found:
        yield Check("providers", is_ok=False, said="none is connected", advice=connect)
    for item in found:
        yield _provider_check(api, item)
    if found and all(item["isSimulator"] for item in found):
        yield Check(
            "providers", is_ok=True, said="the simulator alone: only simulated runs are answered", advice=connect
        )
    yield from _agent_checks(answer.get("meta", {}).get("agents", ()))


def _agent_checks(agents: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """Of command-line agents those that are switched on; an older site tells of none."""
    for agent in agents:
        if agent["isEnabled"]:
            said = f"{agent['title']} is {'installed' if agent['isInstalled'] else 'not installed'}"
            yield Check(f"agent {agent['name']}", agent["isInstalled"], said, agent["advice"] or "")


def _provider_check(api: Api, connection: Mapping[str, Any]) -> Check:
    name = f"provider {connection['key']}"
    again = f"mend it on the Connections page, or: smartspawn setup --provider {connection['provider']}"
    if not connection["isUsable"]:
        said = f"{connection['title']}: {connection['detail'] or connection['state']}"
        return Check(name, is_ok=False, said=said, advice=again)
    try:
        tested = api.post(f"/api/connections/{connection['key']}/test", {})["data"]
    except CliFault as fault:
        if fault.exit_code == NOT_ALLOWED:
            return Check(name, is_ok=True, said=f"{connection['title']}, not tested: only an admin's key may")
        return Check(name, is_ok=False, said=fault.message, advice=again)
    if not tested["isWell"]:
        return Check(name, is_ok=False, said=f"{connection['title']}: {tested['problem']}", advice=again)
    return Check(name, is_ok=True, said=f"{connection['title']} answers")
