"""People: created, given a role, deactivated and let back in; one active admin always remains."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from smartspawn.access import audit
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import Conflict, NotFound


def create_user(*, actor: Actor, username: str, role: Role) -> User:
    """A new person without a password: a sign-in link lets them in to choose one.

    Raises Conflict when the name is taken.
    """
    try:
        with transaction.atomic():
            user = User(username=username, role=role)
            user.set_unusable_password()
            user.save(force_insert=True)
            audit.record(actor=actor, action="user.create", subject=f"user {username}", after={"role": role})
    except IntegrityError as error:
        raise Conflict(f"There is already a user named {username}.") from error
    return user


def change_role(*, actor: Actor, user_id: int, role: Role, why: str = "") -> None:
    """Give a person another role; Conflict if no active admin would remain."""
    with transaction.atomic():
        user = _lock_user(user_id)
        if user.role == role:
            return
        if role is not Role.ADMIN:
            _check_an_admin_remains(user)
        before, user.role = user.role, role
        user.save(update_fields=["role"])
        audit.record(
            actor=actor,
            action="user.change_role",
            subject=f"user {user.username}",
            before={"role": before},
            after={"role": role},
            why=why,
        )


def set_active(*, actor: Actor, user_id: int, is_active: bool, why: str = "") -> None:
    """Shut a person out together with their keys, or let them in again; Conflict for the last admin."""
    with transaction.atomic():
        user = _lock_user(user_id)
        if user.is_active == is_active:
            return
        if not is_active:
            _check_an_admin_remains(user)
        user.is_active = is_active
        user.save(update_fields=["is_active"])
        action = "user.reactivate" if is_active else "user.deactivate"
        audit.record(actor=actor, action=action, subject=f"user {user.username}", why=why)


def set_password(*, user: User, password: str, actor: Actor) -> None:
    """Store a new password; every other session of the person ends with it."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.record(actor=actor, action="user.set_password", subject=f"user {user.username}")


def get_user(user_id: int) -> User:
    """The person with this id, or NotFound."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _lock_user(user_id: int) -> User:
    # All admins are locked in one order before anything is decided: of two changes that would each
    # leave the other's person as the last admin, the second sees what the first did.
    list(User.objects.select_for_update().filter(role=Role.ADMIN).order_by("pk"))
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _check_an_admin_remains(user: User) -> None:
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk)
    if user.role == Role.ADMIN and user.is_active and not others.exists():
        raise Conflict(f"{user.username} is the last active admin. Make somebody else an admin first.")
