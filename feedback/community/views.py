"""The page of the community: sharing one's own ratings, what others say, and how this site takes part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog.queries import last_read_snapshot
from feedback.community.aggregation import LEAST_REPORTERS
from feedback.community.fetching import fetch_scores, parse
from feedback.community.inputs import read_aggregate, read_publisher
from feedback.community.publishing import (
    community_site,
    is_server,
    keep_aggregate,
    remove_publisher,
    score_rows,
    switch_site,
)
from feedback.community.queries import (
    MOST_LISTED,
    MOST_MOVES,
    find_sharer,
    list_moves,
    list_posts,
    list_publishers,
)
from feedback.community.sharing import (
    ask_again,
    preview,
    rotate_instance,
    start_sharing,
    stop_sharing,
    why_not,
    withdraw_all,
)
from feedback.inputs import read_id
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import BadInput, Conflict, InvalidParam, SmartSpawnError, UpstreamFault

_MOST_PREVIEWED: Final = 20
_ACTS: Final[Mapping[str, tuple[Callable[..., None], str]]] = {
    "start": (start_sharing, "Shared from now on. Each rating goes out an hour after it was given."),
    "stop": (stop_sharing, "Shared no more. What waited is not sent."),
    "rotate": (rotate_instance, "You have a new instance id. The old one is kept nowhere here."),
    "withdraw": (withdraw_all, "Shared no more, and the server is asked to forget what you sent."),
}
_SWITCHES: Final = {"server": "is_server", "counting": "is_counting", "fetching": "is_fetching"}


@requires_role(Role.VIEWER)
@require_safe
def community(request: ActorRequest) -> HttpResponse:
    """How one shares, what others say of models, and what that moves."""
    return _page(request)


@requires_role(Role.MEMBER)
@require_POST
def share(request: ActorRequest) -> HttpResponse:
    """Start or stop sharing, take another id, or take all back."""
    word = request.POST.get("act", "")
    if word == "again":
        ask_again(actor=request.actor, post_id=read_id(request.POST.get("post", "")))
        messages.success(request, "The server is asked once more to forget what you sent.")
        return redirect("community:community")
    act = _ACTS.get(word)
    if act is None:
        raise InvalidParam("Say what to do: start, stop, rotate, withdraw or again.")
    try:
        act[0](actor=request.actor)
    except Conflict as refusal:
        return _page(request, refusal=refusal.message, status=409)
    messages.success(request, act[1])
    return redirect("community:community")


@requires_role(Role.ADMIN)
@require_POST
def switch(request: ActorRequest) -> HttpResponse:
    """Collect reports, fetch scores, and let scores count, or not."""
    name, is_on = _SWITCHES.get(request.POST.get("switch", "")), request.POST.get("on") == "on"
    if name is None:
        raise InvalidParam("Say what to switch: server, counting or fetching.")
    switch_site(actor=request.actor, **{name: is_on})
    messages.success(request, "Kept.")
    return redirect("community:community")


@requires_role(Role.ADMIN)
@require_POST
def bring(request: ActorRequest) -> HttpResponse:
    """Import scores from a file, or fetch them from the community server."""
    try:
        if "fetch" in request.POST:
            aggregate = fetch_scores(request.actor)
        else:
            aggregate = read_aggregate(parse(_file(request)))
            keep_aggregate(aggregate=aggregate, actor=request.actor, is_imported=True)
    except (BadInput, Conflict, UpstreamFault) as refusal:
        return _page(request, import_refusal=refusal.message, status=409 if _is_conflict(refusal) else 422)
    messages.success(request, f"{len(aggregate.scores)} scores of publisher {aggregate.publisher} are here.")
    return redirect("community:community")


@requires_role(Role.ADMIN)
@require_POST
def remove(request: ActorRequest) -> HttpResponse:
    """Forget what a publisher says."""
    remove_publisher(publisher=read_publisher(request.POST.get("publisher", "")), actor=request.actor)
    messages.success(request, "Removed. Its scores count no more.")
    return redirect("community:community")


def _page(request: ActorRequest, *, status: int = 200, **refusals: str) -> HttpResponse:
    sharer, site, rows = find_sharer(request.actor), community_site(), score_rows()
    moves, (posts, given_up) = list_moves(rows), list_posts(request.actor)
    context: dict[str, Any] = {
        "sharer": sharer,
        "preview": preview(sharer, most=_MOST_PREVIEWED) if sharer and sharer.is_on else (),
        "posts": posts,
        "given_up": given_up,
        "why_not": why_not(),
        "community_url": settings.COMMUNITY_URL,
        "moves": moves[:MOST_MOVES],
        "move_count": len(moves),
        "publishers": list_publishers(rows, site.publisher),
        "site": site,
        "is_server": is_server(site),
        "is_pinned": settings.COMMUNITY_SERVER is not None,
        "can_share": request.actor.has_role(Role.MEMBER),
        "is_admin": request.actor.has_role(Role.ADMIN),
        "least_reporters": LEAST_REPORTERS,
        "most_listed": MOST_LISTED,
        "snapshot": last_read_snapshot(),  # what is moved is its scores
        **refusals,
    }
    return render(request, "feedback/community.html", context, status=status)


def _file(request: ActorRequest) -> bytes:
    sent = request.FILES.get("file")
    if sent is None:
        raise InvalidParam("Choose a file.")
    return bytes(sent.read())


def _is_conflict(refusal: SmartSpawnError) -> bool:
    return isinstance(refusal, Conflict)
