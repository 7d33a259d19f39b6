"""Commands that have work done, and follow it while it is done."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from smartspawn.cli.client import Api
from smartspawn.cli.context import api_of, config_of, wants_json
from smartspawn.cli.faults import FAILED, LIMITED, UNREACHABLE, USAGE, WAITS, CliFault, told_when_interrupted
from smartspawn.cli.show import ERR, OUT, show_json, show_json_line, show_text, tell, usd

Simulate: TypeAlias = Annotated[bool, typer.Option("--simulate", help="By the provider simulator: nothing is spent.")]
MaxUsd: TypeAlias = Annotated[float | None, typer.Option(help="What it may cost at most.")]
Model: TypeAlias = Annotated[str, typer.Option(help="This model and no other.")]
Budget: TypeAlias = Annotated[str, typer.Option(help="low, medium, high or any.")]


def read_run_id(given: str) -> str:
    """A run's id, or the address of its page. Raises BadParameter."""
    try:
        return str(UUID(given.rstrip("/").rpartition("/")[2]))
    except ValueError:
        raise typer.BadParameter(f"'{given}' is no run's id; a run's page has it in its address.") from None


RunId: TypeAlias = Annotated[str, typer.Argument(help="The run's id.", callback=read_run_id)]


def run(  # noqa: PLR0913 - each is an option of the command
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(help="What is to be done; - reads it from standard input.")],
    *,
    mode: Annotated[str, typer.Option(help="single, collective, cascade, plan, swarm or chain.")] = "single",
    budget: Budget = "medium",
    model: Model = "",
    max_usd: MaxUsd = None,
    options: Annotated[
        str, typer.Option(help='More fields of the request as JSON: {"merge": {"style": "concise"}}.')
    ] = "",
    is_approved: Annotated[
        bool, typer.Option("--yes", help="Let it start whatever it may cost within its cap.")
    ] = False,
    is_detached: Annotated[bool, typer.Option("--detach", help="Print the run's id and do not wait.")] = False,
    simulate: Simulate = False,
) -> None:
    """Have a task done, and follow it."""
    body = {"mode": mode, "task": sys.stdin.read() if task == "-" else task, "budget": budget, "forceNew": True}
    body |= _wishes(model, max_usd, simulate=simulate) | _more(options)
    if mode == "chain":
        body["chain"] = body.get("chain") or {"auto": {"task": body["task"]}}
    api = api_of(ctx)
    started = api.post("/api/runs", body)["data"]
    if is_detached:
        show_json(started) if wants_json(ctx) else show_text(started["id"])
        return
    _settle_approval(ctx, started, is_approved=is_approved)
    goes_on = (
        f"The run goes on. Follow it: smartspawn events {started['id']}; stop it: smartspawn cancel {started['id']}"
    )
    with told_when_interrupted(goes_on):
        follow(api, started["id"])
    _show_result(ctx, api.get(f"/api/runs/{started['id']}/result")["data"])


def parallel(  # noqa: PLR0913 - each is an option of the command
    ctx: typer.Context,
    prompts: Annotated[list[str] | None, typer.Argument(help="The prompts; - alone is standard input.")] = None,
    *,
    file: Annotated[Path | None, typer.Option(help="A file with one prompt a line; - is standard input.")] = None,
    model: Model = "",
    budget: Budget = "medium",
    max_usd: MaxUsd = None,
    simulate: Simulate = False,
) -> None:
    """Many prompts, one model; one result a line, in the order of the prompts."""
    if prompts == ["-"] and file is None:
        prompts, file = None, Path("-")  # as with the other commands, a dash is what is piped in
    asked = [*(prompts or ()), *_lines_of(file, is_needed=not prompts)]
    if not asked:
        raise CliFault("There is no prompt. Give some, or --file FILE, or pipe them in.", USAGE)
    body = {"prompts": asked, "budget": budget, **_wishes(model, max_usd, simulate=simulate)}
    last = _stream(ctx, "/api/parallel", body, total=len(asked))
    if wants_json(ctx):
        show_json(last)
    else:
        for result in last["results"]:
            show_text(" ".join(result.split()) if result is not None else "")
        for fault in last["errors"]:
            tell(f"prompt {fault['index'] + 1}: {fault['error']}")
        _tell_end(last, f"{last['stats']['successful']} of {len(asked)}", simulate=simulate)
    if last["stats"]["failed"]:
        raise typer.Exit(FAILED)


def research(
    ctx: typer.Context,
    subjects: Annotated[list[str], typer.Argument(help="What to look into.")],
    topic: Annotated[str, typer.Option(help="What to find out about each.")] = "latest news",
    budget: Budget = "medium",
    max_usd: MaxUsd = None,
    simulate: Simulate = False,
) -> None:
    """Look into subjects on the web, and bring together what is found."""
    body = {"subjects": subjects, "topic": topic, "budget": budget, **_wishes("", max_usd, simulate=simulate)}
    last = _stream(ctx, "/api/research", body, total=None)
    if wants_json(ctx):
        show_json(last)
        _leave_unless_done(last)
        return
    for item in last["analyses"]:
        sources = "".join(f"- {page['title']}: {page['url']}\n" for page in item["sources"])
        show_text(f"# {item['subject']}\n\n{item['analysis']}\n" + (f"\nSources:\n{sources}" if sources else ""))
    if last.get("output") and (len(last["subjects"]) > 1 or not last["analyses"]):  # of one, the analysis is all
        show_text(last["output"])
    for fault in last["errors"]:
        tell(f"{fault['subject']}: {fault['error']}")
    _tell_end(last, f"{len(last['analyses'])} of {len(last['subjects'])}", simulate=simulate)
    _leave_unless_done(last)


def chain(
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(help="The task, or a JSON file that holds a chain; - is standard input.")],
    depth: Annotated[str, typer.Option(help="quick, standard, deep or exhaustive.")] = "standard",
    template: Annotated[str, typer.Option(help="swot, competitor, market-entry, summarize, ...")] = "",
    data: Annotated[str, typer.Option(help="The text to work on; @FILE reads a file.")] = "",
    simulate: Simulate = False,
) -> None:
    """Stages one after another: made for a task, from a template, or from a file."""
    text = Path(data[1:]).read_text(encoding="utf-8") if data.startswith("@") else data
    wishes = _wishes("", None, simulate=simulate)
    if task == "-" or task.endswith(".json"):
        path, body = "/api/chain", {**_json_of(task), **wishes}
    elif template:
        path, body = "/api/chain/template", {"template": template, "task": task, "data": text, **wishes}
    else:
        path, body = "/api/chain/auto", {"task": task, "data": text, "depth": depth, **wishes}
    last = _stream(ctx, path, body, total=None)
    if wants_json(ctx):
        show_json(last)
    else:
        show_text(last.get("output") or "")
        _tell_end(last, str(last["name"]), simulate=simulate)


# --- following -----------------------------------------------------------------------------


def follow(api: Api, run_id: str) -> None:
    """Show how a run goes on until it has ended."""
    progress = _progress()
    bar = progress.add_task("waiting", total=None)
    done = 0
    with progress:
        for event in api.run_events(run_id):
            kind = event["event"]
            if kind == "run.created":
                progress.update(bar, total=event["data"].get("nodes"))
            if kind == "node.started":
                progress.update(bar, description=event["message"][:60])
            if kind in ("node.completed", "node.failed", "node.skipped", "node.canceled"):
                done += 1
                progress.update(bar, completed=done)


def _stream(ctx: typer.Context, path: str, body: Mapping[str, Any], *, total: int | None) -> dict[str, Any]:
    """Follow a stream in Swarm's events and give its last one. Raises CliFault where that is an error."""
    progress = _progress()
    bar = progress.add_task("working", total=total)
    with told_when_interrupted("Stopped: what was under way is broken off, and what it cost is booked."), progress:
        for event in _told_by(api_of(ctx), path, body):
            if event["event"] in ("progress", "task"):
                progress.advance(bar)
            if event["event"] in ("phase", "phase_start"):
                progress.update(bar, description=str(event["name"])[:60])
            if event["event"] == "complete":
                return event
            if event["event"] == "error":
                raise CliFault(str(event["error"]), _code_of(event.get("category")))
    raise CliFault("The answer broke off. Look at 'smartspawn logs', and at the Runs page for what was kept.")


def _told_by(api: Api, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of a stream. Raises CliFault, which names the run where the site broke off in the middle of it."""
    run_id = ""
    try:
        for event in api.lines("POST", path, body):
            run_id = event.get("runId") or run_id
            yield event
    except CliFault as fault:
        if not run_id or fault.exit_code != UNREACHABLE:
            raise
        raise CliFault(
            f"The site broke off. What becomes of the run: smartspawn events {run_id}", UNREACHABLE
        ) from fault


def _leave_unless_done(last: Mapping[str, Any]) -> None:
    """End the command as one that failed where only a part came about: the money, or the time, went out."""
    if last["status"] != "completed":
        raise CliFault(last.get("message") or f"The run ended as {last['status']}.", _code_of(last["status"]))


def _code_of(ending: object) -> int:
    """The exit code of a run, or of an error in a stream, by how it ended."""
    return {"approval": WAITS, "budget_exhausted": LIMITED}.get(str(ending), FAILED)


def _tell_end(last: Mapping[str, Any], what: str, *, simulate: bool) -> None:
    note = " (simulated)" if simulate else ""
    tell(f"{what} in {last['duration'] / 1000:.2f} s, ${last['cost']['swarmCost']}{note}")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal)


def _settle_approval(ctx: typer.Context, started: Mapping[str, Any], *, is_approved: bool) -> None:
    """Ask whether a dear run may start. Raises CliFault with WAITS where nobody can be asked or says no."""
    if not started["needsApproval"]:
        return
    question = f"It may cost up to {usd(started['likelyWorstUsd'])}. Let it start?"
    if not is_approved and not (sys.stdin.isatty() and OUT.is_terminal and typer.confirm(question)):
        if wants_json(ctx):
            show_json(started)
        raise CliFault(f"{question} smartspawn approve {started['id']}", WAITS)
    api_of(ctx).post(f"/api/runs/{started['id']}/approve", {})


def approve(ctx: typer.Context, run_id: RunId) -> None:
    """Let a run start that waits for a yes."""
    answer = api_of(ctx).post(f"/api/runs/{run_id}/approve", {})["data"]
    show_json(answer) if wants_json(ctx) else show_text(answer["status"])


def rate(
    ctx: typer.Context,
    run_id: Annotated[str, typer.Argument(help="A run that has ended: its id.", callback=read_run_id)],
    rating: Annotated[int, typer.Argument(min=1, max=5, help="1 is useless, 5 is great.")],
    node: Annotated[str, typer.Option(help="One node of it.")] = "",
    reason: Annotated[list[str] | None, typer.Option(help="wrong, incomplete, too slow, ...; may be repeated.")] = None,
) -> None:
    """Say how good the work was; the next choice for you heeds it."""
    body: dict[str, Any] = {"run": run_id, "rating": rating}
    body |= {"node": node} if node else {}
    body |= {"reasons": reason} if reason else {}
    answer = api_of(ctx).post("/api/ratings", body)["data"]
    show_json(answer) if wants_json(ctx) else show_text(f"{answer['title']}: {answer['rating']} of 5")


def cancel(ctx: typer.Context, run_id: RunId) -> None:
    """Stop a run."""
    answer = api_of(ctx).post(f"/api/runs/{run_id}/cancel", {})["data"]
    show_json(answer) if wants_json(ctx) else show_text(answer["status"])


def _show_result(ctx: typer.Context, result: Mapping[str, Any]) -> None:
    if wants_json(ctx):
        show_json(result)
    else:
        output = result["mergedOutput"]
        if output:
            show_text(output)
        note = " (simulated)" if result["isSimulated"] else ""
        tell(f"{result['summary']}: {result['status']}, {usd(result['cost']['usd'])}{note}")
        rating = (
            ""
            if result["isSimulated"] or not output
            else f"  Say how good it was, 1 to 5: smartspawn rate {result['id']} 5"
        )
        tell(f"Its page: {config_of(ctx).url}/runs/{result['id']}/{rating}")
    if result["status"] != "completed":
        message = (result["error"] or {}).get("message") or f"The run is {result['status']}."
        raise CliFault(message, _code_of(result["status"]))


# --- input ---------------------------------------------------------------------------------


def _wishes(model: str, max_usd: float | None, *, simulate: bool) -> dict[str, Any]:
    wishes: dict[str, Any] = {"simulate": True} if simulate else {}
    wishes |= {"model": model} if model else {}
    return wishes | ({"maxUsd": max_usd} if max_usd is not None else {})


def _more(options: str) -> dict[str, Any]:
    if not options:
        return {}
    try:
        more = json.loads(options)
    except ValueError as error:
        raise CliFault(f"--options is no JSON: {error}", USAGE) from error
    if not isinstance(more, dict):
        raise CliFault("--options must be a JSON object.", USAGE)
    return more


def _json_of(source: str) -> dict[str, Any]:
    try:
        found = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CliFault(f"{source} holds no chain: {error}", USAGE) from error
    if not isinstance(found, dict):
        raise CliFault(f"{source} must hold a JSON object.", USAGE)
    return found


def _lines_of(file: Path | None, *, is_needed: bool) -> Iterable[str]:
    """One prompt a line, from a file or from what is piped in."""
    is_piped = file is None and is_needed and not sys.stdin.isatty()
    if str(file) == "-" or is_piped:
        text = sys.stdin.read()
    elif file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise CliFault(f"{file} cannot be read: {error}", USAGE) from error
    else:
        text = ""
    return [line.strip() for line in text.splitlines() if line.strip()]


def events(ctx: typer.Context, run_id: RunId) -> None:
    """What happens in a run, one JSON a line, until it has ended."""
    for event in api_of(ctx).run_events(run_id):
        show_json_line(event)
