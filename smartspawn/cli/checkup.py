"""Commands that set up and measure, and that tell what was spent."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from smartspawn.cli.client import Api
from smartspawn.cli.config import Config, write_config
from smartspawn.cli.context import api_of, settings_of, wants_json
from smartspawn.cli.faults import NOT_ALLOWED, USAGE, CliFault
from smartspawn.cli.here import PROJECT_DIR, database_path, environment, manage
from smartspawn.cli.show import show_json, show_table, show_text, tell, usd
from smartspawn.cli.swarm_config import read_swarm_config

_MANAGE_WITHIN_S: Final = 180  # a few seconds where the machine has nothing else to do


# --- setup ---------------------------------------------------------------------------------


def setup(
    ctx: typer.Context,
    key: Annotated[str, typer.Option(help="An API key of the site; without it one is made, on its own machine.")] = "",
    provider: Annotated[str, typer.Option(help="A provider to connect, such as openrouter.")] = "",
    import_swarm_config: Annotated[
        Path | None, typer.Option("--import-swarm-config", help="A node-scaling.yaml to take provider and key from.")
    ] = None,
    address: Annotated[str, typer.Option(help="Where a server of your own answers: http://localhost:8080/v1.")] = "",
) -> None:
    """Keep address and key of the site, connect a provider, and test both."""
    config = settings_of(ctx)  # a file that cannot be read is written anew
    wanted = read_swarm_config(import_swarm_config) if import_swarm_config else None  # before anything is made
    token = _find_key(config, key)
    api = Api(replace(config, key=token))
    write_config(config.path, url=config.url, key=token)
    tell(f"Kept in {config.path}; the key opens {config.url}.")
    if wanted and wanted.max_daily_usd is not None:
        cap_daemon(wanted.max_daily_usd)  # before anything can be spent
    name = provider or (wanted.provider if wanted else "")
    if not name and sys.stdin.isatty():
        name = typer.prompt("Connect which provider? (empty: none)", default="", show_default=False)
    connected = _connect(api, name, address=address, secret=wanted.secret if wanted else "") if name else None
    if wants_json(ctx):
        show_json({"url": config.url, "file": str(config.path), "connection": connected})


def _find_key(config: Config, given: str) -> str:
    """A key that opens the site: the one that was given, the one that is kept, or a new one."""
    token = given or config.key or _make_key()
    try:
        Api(replace(config, key=token)).get("/api/me/usage")
    except CliFault as fault:
        if given or fault.exit_code != NOT_ALLOWED or token != config.key:
            raise
        tell(f"The key that was kept opens nothing at {config.url} any more.")
        return _make_key()
    return token


def _make_key() -> str:
    """A key from the site's own database, where this machine has it."""
    kept = database_path()
    if kept is not None and not kept.exists():
        raise CliFault("Give a key of the site: smartspawn setup --key ss_... (made on its Keys page)")
    return _have_managed("No key could be made", "make_key", "--name", "smartspawn command").splitlines()[-1]


def cap_daemon(max_usd: float) -> None:
    """Let the port of Swarm's daemon spend as much in a day as Swarm's own settings say."""
    _have_managed(f"Its daily cap of {usd(max_usd)} could not be set", "swarm_cap", f"{max_usd:.9f}")
    tell(f"Its daily cap of {usd(max_usd)} holds for the port of Swarm's daemon: smartspawn start --swarm-port 9999")


def _have_managed(failed: str, *words: str) -> str:
    """What a command of ``manage.py`` printed. Raises CliFault, beginning with what failed."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            manage(*words),
            cwd=PROJECT_DIR,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=_MANAGE_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CliFault(f"{failed} within {_MANAGE_WITHIN_S} s: the machine is busy, or the database is.") from error
    if done.returncode:
        raise CliFault(f"{failed}: {(done.stderr.strip().splitlines() or ['it did not say why'])[-1]}")
    return done.stdout.strip()


def _connect(api: Api, provider: str, *, address: str, secret: str) -> str:
    """Connect the provider, or give the connection that there is a new key; have it tested, and return its name."""
    found = api.get("/api/connections")
    known = next((item for item in found["meta"]["providers"] if item["name"] == provider), None)
    if known is None:
        names = ", ".join(item["name"] for item in found["meta"]["providers"])
        raise CliFault(f"There is no provider '{provider}'. There are: {names}.", USAGE)
    secret = secret or (_ask_secret(known) if known["needsKey"] else "")
    body = {"secret": secret} | ({"baseUrl": address, "allowPrivate": True} if address else {})
    same = next((item for item in found["data"] if _is_same(item, provider, address)), None)
    if same:
        made = api.patch(f"/api/connections/{same['key']}", body)["data"]
    else:
        made = api.post("/api/connections", {"provider": provider, **body})["data"]
    tested = api.post(f"/api/connections/{made['key']}/test", {})["data"]
    if not tested["isWell"]:
        again = f"smartspawn setup --provider {provider}{f' --address {address}' if address else ''}"
        raise CliFault(f"{made['title']} is kept, but its test failed: {tested['problem']} Once mended: {again}")
    tell(f"{made['title']} is connected and answers.")
    return str(made["key"])


def _is_same(connection: Mapping[str, Any], provider: str, address: str) -> bool:
    is_there = not address or connection["baseUrl"] == address.rstrip("/")
    return connection["source"] == "stored" and connection["provider"] == provider and is_there


def _ask_secret(provider: Mapping[str, Any]) -> str:
    """The provider's key: asked for unseen, or the first line of what is piped in."""
    if sys.stdin.isatty():
        page = f" (made at {provider['keyPage']})" if provider["keyPage"] else ""
        return str(typer.prompt(f"The key of {provider['title']}{page}", hide_input=True)).strip()
    secret = sys.stdin.readline().strip()
    if not secret:
        raise CliFault(f"Give the key of {provider['title']} on standard input, or at a terminal.", USAGE)
    return secret


# --- bench and spend -----------------------------------------------------------------------


def bench(
    ctx: typer.Context,
    tasks: Annotated[int, typer.Option(min=1, max=10_000, help="How many prompts.")] = 10,
    is_real: Annotated[bool, typer.Option("--real", help="Ask real providers, which costs money.")] = False,
    model: Annotated[str, typer.Option(help="This model and no other.")] = "",
) -> None:
    """Measure how fast prompts are answered, by the simulator unless told otherwise."""
    prompts = [f"{number} times {number + 7}: answer with the number alone." for number in range(tasks)]
    body: dict[str, Any] = {"prompts": prompts, "simulate": not is_real, "options": {"stream": False}}
    body |= {"model": model} if model else {}
    began = time.perf_counter()
    last: dict[str, Any] = {}
    for event in api_of(ctx).lines("POST", "/api/parallel", body):
        last = event
    duration_s = time.perf_counter() - began
    if last.get("event") != "complete":
        raise CliFault(str(last.get("error") or "The answer broke off."))
    figures = {
        "tasks": tasks,
        "seconds": round(duration_s, 3),
        "tasksPerSecond": round(tasks / duration_s, 1),
        "failed": last["stats"]["failed"],
        "usd": last["cost"]["swarmCost"],
        "isSimulated": not is_real,
    }
    if wants_json(ctx):
        show_json(figures)
    else:
        kind = "" if is_real else " (simulated)"
        failed = last["stats"]["failed"]
        show_text(f"{tasks} tasks in {duration_s:.2f} s: {tasks / duration_s:.1f} a second{kind}, {failed} failed")


def spend(ctx: typer.Context) -> None:
    """What you and your keys have spent, and what the caps leave."""
    usage = api_of(ctx).get("/api/me/usage")["data"]
    if wants_json(ctx):
        show_json(usage)
        return
    rows = [
        (item["title"], item["window"], item["period"], usd(item["spentUsd"]), usd(item["reservedUsd"]), _cap(item))
        for item in usage["windows"]
    ]
    show_table(["who", "window", "when", "spent", "set aside", "cap"], rows)
    models = [(item["model"], item["calls"], usd(item["usd"])) for item in usage["month"]["models"]]
    if models:
        show_table(["model", "calls", "this month"], models)


def digest(
    ctx: typer.Context,
    *,
    is_everybodys: Annotated[bool, typer.Option("--everybody", help="Everybody's week; for admins.")] = False,
) -> None:
    """The last seven days beside the seven before, as text for a chat."""
    week = api_of(ctx).get("/api/digest", of="all" if is_everybodys else "me")["data"]
    show_json(week) if wants_json(ctx) else show_text(week["text"])


def _cap(item: dict[str, Any]) -> str:
    return "none" if item["capUsd"] is None else usd(item["capUsd"])
