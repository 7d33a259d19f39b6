"""Commands that ask which model should do a task."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from smartspawn.cli.context import api_of, wants_json
from smartspawn.cli.show import show_json, show_table, show_text

Task = Annotated[str, typer.Argument(help="The task in words, or a category's name.")]
Budget = Annotated[str, typer.Option(help="low, medium, high or any.")]
Exclude = Annotated[str, typer.Option(help="Model ids to leave out, separated by commas.")]
Context = Annotated[str, typer.Option(help="Tags such as typescript or vision, separated by commas.")]


def pick(
    ctx: typer.Context, task: Task, budget: Budget = "medium", exclude: Exclude = "", context: Context = ""
) -> None:
    """The one model for a task."""
    body = {"task": task, "budget": budget, "exclude": exclude, "context": context}
    answer = api_of(ctx).post("/api/pick", {name: value for name, value in body.items() if value})["data"]
    if wants_json(ctx):
        show_json(answer)
    else:
        show_text(f"{answer['id']}\n{answer['reason']}")


def recommend(
    ctx: typer.Context,
    task: Task,
    budget: Budget = "medium",
    count: Annotated[int, typer.Option(min=1, max=5, help="How many, 1 to 5.")] = 3,
    exclude: Exclude = "",
) -> None:
    """The best few models for a task, of different providers."""
    body: dict[str, Any] = {"task": task, "budget": budget, "count": count}
    body |= {"exclude": exclude} if exclude else {}
    answer = api_of(ctx).post("/api/recommend", body)["data"]
    if wants_json(ctx):
        show_json(answer)
        return
    rows = [(item["model"]["id"], item.get("score", ""), item.get("reason", "")) for item in answer]
    show_table(["model", "score", "why"], rows)


def compare(ctx: typer.Context, models: Annotated[list[str], typer.Argument(help="Two to six model ids.")]) -> None:
    """Some models side by side."""
    answer = api_of(ctx).get("/api/compare", models=",".join(models))["data"]
    if wants_json(ctx):
        show_json(answer)
        return
    rows = [
        (
            item["id"],
            *(item["scores"].get(name) for name in _CATEGORIES),
            item["pricing"]["prompt"],
            item["pricing"]["completion"],
        )
        for item in answer["models"]
    ]
    show_table(["model", *_CATEGORIES, "$/M in", "$/M out"], rows)
    for missing in answer["missing"]:
        show_text(f"{missing} is not in the catalogue.")


def route(
    ctx: typer.Context,
    task: Task,
    stack: Annotated[str, typer.Option(help="Technologies, separated by commas.")] = "",
    session: Annotated[str, typer.Option(help="The session keeps its model while its task lasts.")] = "",
) -> None:
    """Which driver and model take a task, decided once when it starts."""
    body: dict[str, Any] = {"task": task}
    body |= {"stack": [word.strip() for word in stack.split(",")]} if stack else {}
    body |= {"sessionId": session} if session else {}
    answer = api_of(ctx).post("/api/route", body)["data"]
    if wants_json(ctx):
        show_json(answer)
        return
    model = answer["model"]
    show_text(f"{answer['driverKind']}: {model['id'] if isinstance(model, dict) else model}\n{answer['rationale']}")


_CATEGORIES = ("coding", "reasoning", "creative", "research")
