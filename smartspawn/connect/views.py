"""The page with configuration to copy, and the skill for agents."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from smartspawn.access.gates import for_everybody, requires_role
from smartspawn.access.inputs import DEFAULT_LIFETIME, LIFETIMES
from smartspawn.access.keys import create_key
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.connect.clients import CLIENTS
from smartspawn.connect.inputs import PURPOSES, WORK, key_input
from smartspawn.lib.errors import InvalidParam, NotAllowed

_PLACEHOLDER = "ss_YOUR_KEY"
_SKILL_PATH: Final = settings.BASE_DIR / "integrations" / "SKILL.md"
_SKILL_ADDRESS: Final = "http://localhost:8000"  # as the file has it, for those who copy it from the repository


@requires_role(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: ActorRequest) -> HttpResponse:
    """Configuration for each program; after the button with a key of its own in it, shown once."""
    if request.method != "POST":
        return _page(request)
    given = key_input(request.POST.dict(), request.actor)
    if not given.is_valid():
        return _page(request, errors=given.errors, status=422)
    name, scopes, ends_at = given.validated_data["name"], given.scopes_wanted(), given.expires_at()
    try:
        made = create_key(actor=request.actor, name=name, scopes=scopes, expires_at=ends_at)
    except (NotAllowed, InvalidParam) as refusal:
        return _page(request, errors={"name": [refusal.message]}, status=422)
    return _page(request, token=made.token)


def _page(request: ActorRequest, *, token: str = "", errors: object = None, status: int = 200) -> HttpResponse:
    said = request.POST if errors else {}
    context = {
        "clients": CLIENTS,
        "base_url": _base_url(request),
        "token": token,
        "key": token or _PLACEHOLDER,
        **command_words(),
        "errors": errors or {},
        "purposes": list(PURPOSES.items()),
        "lifetimes": list(LIFETIMES.items()),
        "name": said.get("name", "") if errors else "my agent",
        "purpose": said.get("purpose", WORK),
        "lifetime": said.get("lifetime", DEFAULT_LIFETIME),
    }
    return render(request, "connect/connect.html", context, status=status)


@for_everybody
@require_safe
def skill(request: HttpRequest) -> HttpResponse:
    """What an agent must know to use this site, with the address under which it reached it."""
    text = _SKILL_PATH.read_text(encoding="utf-8").replace(_SKILL_ADDRESS, _base_url(request))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


def command_words() -> dict[str, str]:
    """The command for a file and for a shell: its environment is on nobody's path, so it is told whole.

    Beside it stands where the site keeps its data, unless that is where the command looks by itself.
    """
    path = Path(sys.executable).parent / "smartspawn"
    command = str(path) if path.exists() else "smartspawn"
    home = "" if settings.HOME_DIR == settings.BASE_DIR / "var" else str(settings.HOME_DIR)
    return {
        "command": command,
        "command_in_shell": shlex.quote(command),
        "home": home,
        "home_in_shell": shlex.quote(f"SMARTSPAWN_HOME={home}"),
    }


def _base_url(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
