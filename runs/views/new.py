"""A new run: what is asked for, what would be done by whom and what it would cost; then it starts."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from routing.roles.load import load_library
from routing.roles.shapes import Kind, RoleLibrary
from runs.chains.templates import TEMPLATES
from runs.create import preview_run, start_run
from runs.harness import enabled_harnesses
from runs.keeping.serial import request_from_json
from runs.places.endpoints import reachable_models
from runs.queries import get_run
from runs.shapes import Mode, Plan
from runs.views.forms import (
    BUDGET_CHOICES,
    DEPTH_CHOICES,
    FIELD_WORDS,
    MODE_WORDS,
    STYLE_CHOICES,
    SWITCHES,
    NewRunForm,
    read_new_run,
    refill,
)
from runs.views.model_ids import model_ids
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import SmartSpawnError


@requires_role(Role.MEMBER)
@require_http_methods(["GET", "HEAD", "POST"])
def new_run(request: ActorRequest) -> HttpResponse:
    """The form; a POST starts the run, or with ``turnTo`` shows the same work in another mode."""
    form = read_new_run(_sent(request))
    if turned := request.POST.get("turnTo", ""):
        form = form.turned(Mode(turned) if turned in list(Mode) else form.mode)
    if request.method != "POST" or turned:
        return render(request, "runs/new.html", _context(form))
    body = form.to_input()
    if not body.is_valid():
        return render(request, "runs/new.html", {**_context(form), **_faults(body.errors)}, status=422)
    try:
        started = start_run(request=body.to_request(), actor=request.actor, idempotency_key=form.token)
    except SmartSpawnError as refusal:
        return render(request, "runs/new.html", {**_context(form), "refusal": refusal.message}, status=422)
    if started.is_deduplicated:
        messages.info(request, "This form was sent before: here is the run that it started.")
    return redirect("runs:run", started.run.pk)


@requires_role(Role.MEMBER)
@require_POST
def preview_part(request: ActorRequest) -> HttpResponse:
    """What the form would do and cost, while it is being filled in."""
    form = read_new_run(request.POST)
    context: dict[str, Any] = {"form": form}
    body = form.to_input()
    if form.is_empty:
        return render(request, "runs/_preview.html", context)
    if not body.is_valid():
        return render(request, "runs/_preview.html", {**context, **_faults(body.errors)}, status=422)
    try:
        plan, costs = preview_run(request=body.to_request(), actor=request.actor)
    except SmartSpawnError as refusal:
        return render(request, "runs/_preview.html", {**context, "refusal": refusal.message}, status=422)
    return render(request, "runs/_preview.html", {**context, "plan": plan, "costs": costs, "rows": _rows(plan, form)})


def _sent(request: ActorRequest) -> QueryDict:
    """What was sent; with ``again`` a former run's request, over which the address may say something else."""
    if request.method == "POST" or "again" not in request.GET:
        return request.POST if request.method == "POST" else request.GET
    try:
        former = get_run(uuid.UUID(request.GET["again"]), request.actor)
    except ValueError:
        return request.GET
    if former.texts_gone_at is not None:
        messages.warning(request, "What that run was asked was let go after its time: give the task anew.")
    words = QueryDict(mutable=True)
    words.update(refill(request_from_json(former.request)))
    for name in request.GET:
        words[name] = request.GET[name]
    return words


def _rows(plan: Plan, form: NewRunForm) -> list[dict[str, Any]]:
    return [{"spec": spec, "by_hand": form.node_models.get(spec.key, "")} for spec in plan.nodes[:50]]


def _context(form: NewRunForm) -> dict[str, Any]:
    library = load_library()
    agents = [(agent.name, agent.title) for agent in enabled_harnesses() if not agent.advice]
    return {
        "form": form,
        "said": form.said,
        "token": form.token or uuid.uuid4().hex,
        "modes": [{"mode": mode, "words": words, "is_on": mode is form.mode} for mode, words in MODE_WORDS.items()],
        "mode_words": MODE_WORDS[form.mode],
        "budgets": BUDGET_CHOICES,
        "styles": STYLE_CHOICES,
        "depths": DEPTH_CHOICES,
        "templates": [("", "none: made for the task"), *((item.key, item.title) for item in TEMPLATES.values())],
        "switches": [
            {"name": name, "words": words, "is_on": name in form.switches} for name, words in SWITCHES.items()
        ],
        "model_ids": model_ids(),
        "roles": _role_choices(library, form),
        "stacks": sorted(library.blocks[Kind.STACK]),
        "guardrails": sorted(library.blocks[Kind.GUARDRAILS]),
        "drivers": [("", "models, over their providers"), *agents] if agents else [],
        "can_reach": bool(agents) or reachable_models() != frozenset(),
    }


def _role_choices(library: RoleLibrary, form: NewRunForm) -> list[dict[str, Any]]:
    """The selects of one block each; stacks and guardrails, of which there may be several, are written as words."""
    offered = {
        "persona": [(key, persona.title) for key, persona in sorted(library.personas.items())],
        "domain": [(key, key.replace("-", " ")) for key in sorted(library.blocks[Kind.DOMAIN])],
        "format": [(key, key.replace("-", " ")) for key in sorted(library.blocks[Kind.FORMAT])],
    }
    return [
        {"name": name, "label": name.title(), "options": [("", "none"), *pairs], "value": form.said.get(name, "")}
        for name, pairs in offered.items()
    ]


def _faults(errors: Any) -> dict[str, Any]:
    """Everything that is wrong: in sentences for the top of the page, and by field for the place where it is mended."""
    wrong = {name: [_plainly(name, text) for text in _flat(words)] for name, words in errors.items()}
    told = {FIELD_WORDS.get(name, ""): " ".join(texts) for name, texts in wrong.items()}
    return {"faults": [f"{field}: {text}" if field else text for field, text in told.items()], "wrong": wrong}


def _plainly(name: str, text: str) -> str:
    """What is said of a field in words that fit beside it: the API's name of it means nothing there."""
    return "Say what is to be done." if text == f"{name} is required" else text


def _flat(words: Any) -> list[str]:
    if isinstance(words, dict):
        return [text for inner in words.values() for text in _flat(inner)]
    if isinstance(words, list | tuple):
        return [text for inner in words for text in _flat(inner)]
    return [str(words)]
