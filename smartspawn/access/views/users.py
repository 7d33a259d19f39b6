"""The page of people, for admins."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from smartspawn.access.gates import requires_role
from smartspawn.access.inputs import ActivityInput, RoleInput, UserInput
from smartspawn.access.models import User
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.access.signin import LINK_LIFETIME, create_signin_link
from smartspawn.access.users import change_role, create_user, get_user, set_active
from smartspawn.lib.errors import Conflict

_PAGE_ROWS = 50
_ROLE_CHOICES = [
    (Role.VIEWER.value, "Viewer: reads every page"),
    (Role.MEMBER.value, "Member: also starts refreshes and work"),
    (Role.ADMIN.value, "Admin: also changes what others rely on"),
]


@requires_role(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def users(request: ActorRequest) -> HttpResponse:
    """Everybody who may sign in; a new person gets a link that is shown here once."""
    if request.method != "POST":
        return _users_page(request)
    given = UserInput(data=request.POST)
    if not given.is_valid():
        return _users_page(request, errors=given.errors, status=422)
    name, role = given.validated_data["username"], Role(given.validated_data["role"])
    try:
        user = create_user(actor=request.actor, username=name, role=role)
    except Conflict as refusal:
        return _users_page(request, errors={"username": [refusal.message]}, status=409)
    return _link_page(request, user)


def _users_page(request: ActorRequest, *, status: int = 200, **shown: object) -> HttpResponse:
    people = Paginator(User.objects.order_by("username"), _PAGE_ROWS)
    context: dict[str, object] = {
        "page": people.get_page(request.GET.get("page")),
        "roles": _ROLE_CHOICES,
        "username": request.POST.get("username", "") if "errors" in shown else "",
        "role": request.POST.get("role", Role.VIEWER.value) if "errors" in shown else Role.VIEWER.value,
    }
    return render(request, "access/users.html", context | shown, status=status)


@requires_role(Role.ADMIN)
@require_safe
def person(request: ActorRequest, user_id: int) -> HttpResponse:
    """One person: their role, whether they may come in, a new sign-in link."""
    return _person_page(request, get_user(user_id))


def _person_page(request: ActorRequest, user: User, *, status: int = 200, **shown: object) -> HttpResponse:
    context: dict[str, object] = {"person": user, "roles": _ROLE_CHOICES}
    return render(request, "access/person.html", context | shown, status=status)


def _link_page(request: ActorRequest, user: User) -> HttpResponse:
    link = create_signin_link(
        username=user.username, actor=request.actor, site_url=f"{request.scheme}://{request.get_host()}"
    )
    minutes = int(LINK_LIFETIME.total_seconds() // 60)
    return _person_page(request, user, link=link, link_minutes=minutes)


@requires_role(Role.ADMIN)
@require_POST
def role(request: ActorRequest, user_id: int) -> HttpResponse:
    """Give a person another role."""
    given = RoleInput(data=request.POST)
    given.is_valid(raise_exception=True)
    wanted = Role(given.validated_data["role"])
    try:
        change_role(actor=request.actor, user_id=user_id, role=wanted, why=given.validated_data["why"])
    except Conflict as refusal:
        return _person_page(request, get_user(user_id), refusal=refusal.message, status=409)
    messages.success(request, f"{get_user(user_id).username} now has the role {wanted}.")
    return redirect("access:user", user_id)


@requires_role(Role.ADMIN)
@require_POST
def active(request: ActorRequest, user_id: int) -> HttpResponse:
    """Shut a person out, or let them in again."""
    given = ActivityInput(data=request.POST)
    given.is_valid(raise_exception=True)
    is_active = given.validated_data["active"] == "yes"
    why = given.validated_data["why"]
    try:
        set_active(actor=request.actor, user_id=user_id, is_active=is_active, why=why)
    except Conflict as refusal:
        return _person_page(request, get_user(user_id), refusal=refusal.message, status=409)
    state = "can sign in again" if is_active else "is shut out, and so are their keys"
    messages.success(request, f"{get_user(user_id).username} {state}.")
    return redirect("access:user", user_id)


@requires_role(Role.ADMIN)
@require_POST
def link(request: ActorRequest, user_id: int) -> HttpResponse:
    """A sign-in link for a person, shown once."""
    user = get_user(user_id)
    if not user.is_active:
        return _person_page(request, user, refusal=f"{user.username} is shut out: let them in first.", status=409)
    return _link_page(request, user)
