"""The route playground: type a task, see which model would get it and why. Nothing of it is stored."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST

from catalog.shapes import CategoryScore
from routing.context import TAG_SIGNALS
from routing.corrections import correct_label, find_corrections
from routing.page_queries import Exploration, explore
from routing.shapes import RankedCandidate, TaskRequest
from routing.views.forms import (
    BUDGET_CHOICES,
    CAPABILITY_WORDS,
    CONTEXT_CHOICES,
    PREFERENCE_CHOICES,
    RouteForm,
    read_route_form,
)
from routing.views.heads import heads_of
from routing.views.parts import parts_of
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest, actor_of
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import BadInput, InvalidParam

CANDIDATES_SHOWN: Final = 8
EXAMPLES: Final = (
    "Fix the flaky login test that fails on CI when the clock crosses midnight",
    "Rename the helper and update its three call sites",
    "Migrate the payments database to the new schema without downtime, then remove the old columns",
    "Write a launch post for our open-source CLI, then translate it to German",
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score in the form that score bars are drawn from."""

    place: int
    candidate: RankedCandidate

    @property
    def score(self) -> CategoryScore:
        """The score with its interval."""
        item = self.candidate
        return CategoryScore(item.score, item.lower, item.upper, item.coverage_share)


@requires_role(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def playground(request: ActorRequest) -> HttpResponse:
    """The form, and the answer where a task is given. POST keeps what people type out of addresses and logs."""
    return _render(request, "routing/playground.html", _form_of(request))


@requires_role(Role.VIEWER)
@require_POST
def answer_part(request: ActorRequest) -> HttpResponse:
    """The answer alone, while the person types."""
    return _render(request, "routing/_answer.html", _form_of(request))


@requires_role(Role.MEMBER)
@require_POST
def correct(request: ActorRequest) -> HttpResponse:
    """Keep what the person says is right, and show the playground as it was."""
    form = _form_of(request)
    _keep_correction(request, form)
    return _render(request, "routing/playground.html", form)


@requires_role(Role.MEMBER)
@require_POST
def correct_part(request: ActorRequest) -> HttpResponse:
    """Keep what the person says is right; the head's card comes back with it."""
    form = _form_of(request)
    name = _keep_correction(request, form)
    found = explore(request=form.to_request(), actor=request.actor)
    head = next(item for item in _heads(found, request.actor) if item.name == name)
    return TemplateResponse(request, "routing/_head.html", {"head": head, "can_correct": True})


def ranked_rows(candidates: tuple[RankedCandidate, ...]) -> list[Ranked]:
    """The candidates as the table shows them."""
    return [Ranked(place, item) for place, item in enumerate(candidates, 1)]


def curl_of(wanted: TaskRequest, site_url: str, endpoint: str) -> str:
    """The command that asks the API the same; it can be pasted into any shell."""
    body = json.dumps(_fields_of(wanted), ensure_ascii=False)
    key = "" if settings.OPEN_API else ' \\\n  -H "Authorization: Bearer $SMARTSPAWN_KEY"'
    return (
        f"curl -s {site_url}/api/{endpoint}{key} \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"
    )


def mcp_call_of(wanted: TaskRequest) -> str:
    """The same question as an agent asks it over MCP: the tool and its arguments."""
    fields = _fields_of(wanted)
    if "require" in fields:
        fields["require"] = ",".join(wanted.required_capabilities)
    return json.dumps({"name": "smartspawn_pick", "arguments": fields}, ensure_ascii=False, indent=2)


def _fields_of(wanted: TaskRequest) -> dict[str, Any]:
    """What was asked, by the API's names, without what says nothing."""
    fields = {
        "task": wanted.task,
        "budget": wanted.budget,
        "context": ",".join(wanted.context_tags),
        "preference": wanted.preference,
        "require": wanted.required_capabilities,
        "minContext": wanted.min_context_tokens,
    }
    return {name: value for name, value in fields.items() if value not in (None, "", ())}


def _form_of(request: HttpRequest) -> RouteForm:
    return read_route_form(request.POST if request.method == "POST" else request.GET)


def _keep_correction(request: ActorRequest, form: RouteForm) -> str:
    """Keep "head:label" as the button sent it, and return the head."""
    head, _, right = request.POST.get("right", "").partition(":")
    wanted = form.to_request()
    classification = explore(request=wanted, actor=request.actor).choice.features.classification
    if not classification.task_type.value:
        raise InvalidParam("The category was given by name: there is nothing to correct.")
    correct_label(task=wanted.task, classification=classification, head=head, right=right, actor=request.actor)
    return head


def _render(request: HttpRequest, template: str, form: RouteForm) -> HttpResponse:
    actor = actor_of(request)
    context: dict[str, Any] = {
        "form": form,
        "budgets": BUDGET_CHOICES,
        "preferences": PREFERENCE_CHOICES,
        "contexts": CONTEXT_CHOICES,
        "capabilities": CAPABILITY_WORDS.items(),
        "tags": ", ".join(TAG_SIGNALS),
        "examples": EXAMPLES,
    }
    try:
        if form.task.strip():
            context |= _answer(request, form, actor)
    except BadInput as refusal:
        return TemplateResponse(request, template, {**context, "refusal": refusal.message}, status=422)
    return TemplateResponse(request, template, context)


def _answer(request: HttpRequest, form: RouteForm, actor: Actor) -> dict[str, Any]:
    wanted = form.to_request()
    found = explore(request=wanted, actor=actor, floor_score=form.to_floor_score())
    site_url = request.build_absolute_uri("/").rstrip("/")
    of_parts = replace(wanted, required_capabilities=(), min_context_tokens=None, preference=None)  # all it takes
    return {
        "found": found,
        "snapshot": found.snapshot,
        "classification": found.choice.features.classification,
        "heads": _heads(found, actor),
        "can_correct": actor.has_role(Role.MEMBER),
        "ranked": ranked_rows(found.choice.ranked[:CANDIDATES_SHOWN]),
        "curl": curl_of(wanted, site_url, "pick"),
        "mcp_call": mcp_call_of(wanted),
        "swarm_curl": curl_of(of_parts, site_url, "swarm"),
        **parts_of(wanted, actor),
    }


def _heads(found: Exploration, actor: Actor) -> Any:
    classification = found.choice.features.classification
    return heads_of(classification, find_corrections(found.request.task, actor=actor))
