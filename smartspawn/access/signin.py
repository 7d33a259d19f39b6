"""Signing in: by password, or once by a link that an admin or the command line handed over."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from smartspawn.access import audit
from smartspawn.access.addresses import client_address, request_key
from smartspawn.access.limits import check_limit, signin_address_limiter, signin_name_limiter
from smartspawn.access.models import SigninLink, User
from smartspawn.access.shapes import COMMAND_LINE, Actor, Role
from smartspawn.access.tokens import digest, digests, make_secret
from smartspawn.lib.errors import NotFound, NotSignedIn

logger = logging.getLogger(__name__)

LINK_LIFETIME = timedelta(minutes=15)
_LINK_KEPT = timedelta(days=1)  # after its expiry, so that a late click is told why it fails
_PURPOSE = "signin-link"
_FIRST_ADMIN = "admin"
# Its own addresses alone, which stand at the root: to load those of all pages takes longer than a site's whole start.
_ADDRESSES = "smartspawn.access.urls"
TOO_MANY = "Too many attempts to sign in. Wait a little, or ask an admin for a sign-in link."


def check_password_signin(*, request: HttpRequest, username: str, password: str) -> User:
    """The person with this name and password.

    Raises NotSignedIn, in the same words and time whether or not the name exists, and TooManyRequests
    before the password is even looked at.
    """
    # The address first: whoever is refused there cannot use up the attempts of a name.
    check_limit(signin_address_limiter(), request_key(request), TOO_MANY)
    name_key = username.casefold()[:150]
    check_limit(signin_name_limiter(), name_key, TOO_MANY)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        logger.warning("Sign-in as %r refused to %s", username, client_address(request))
        raise NotSignedIn("The name or the password is wrong, or the account is not active.")
    signin_name_limiter().forget(name_key)
    return user


def check_current_password(user: User, password: str) -> bool:
    """Whether it is the person's present password; guesses count as attempts to sign in."""
    check_limit(signin_name_limiter(), user.username.casefold(), TOO_MANY)
    return user.check_password(password)


def create_signin_link(
    *,
    username: str | None = None,
    actor: Actor = COMMAND_LINE,
    lifetime: timedelta = LINK_LIFETIME,
    site_url: str | None = None,
) -> str:
    """The address of a page that signs one person in, once, within its lifetime.

    Without a name it is for the first active admin; on a site without any people, that admin is made.
    Raises NotFound for a name that is not there or not active.
    """
    token = make_secret()
    now = timezone.now()
    with transaction.atomic():
        user = _link_owner(username)
        SigninLink.objects.filter(expires_at__lt=now - _LINK_KEPT).delete()
        SigninLink.objects.create(
            user=user, digest=digest(token, purpose=_PURPOSE), created_at=now, expires_at=now + lifetime
        )
        audit.record(actor=actor, action="signin_link.create", subject=f"user {user.username}")
    path = reverse("signin-link", args=[token], urlconf=_ADDRESSES)
    return (settings.SITE_URL if site_url is None else site_url).rstrip("/") + path


def _link_owner(username: str | None) -> User:
    if not User.objects.exists():
        return _create_first_admin(username or _FIRST_ADMIN)
    wanted = {"role": Role.ADMIN} if username is None else {"username": username}
    user = User.objects.filter(is_active=True, **wanted).order_by("pk").first()
    if user is None:
        raise NotFound(f"There is no active {f'user named {username}' if username else 'admin'} on this site.")
    return user


def _create_first_admin(username: str) -> User:
    # get_or_create: a web server and a command may both find the site empty.
    user, is_new = User.objects.get_or_create(username=username, defaults={"role": Role.ADMIN})
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        audit.record(actor=COMMAND_LINE, action="user.create", subject=f"user {username}", after={"role": Role.ADMIN})
    return user


def find_link_owner(token: str) -> User | None:
    """Whom the link would sign in if it were used now; looking does not use it up."""
    link = SigninLink.objects.filter(
        digest__in=digests(token, purpose=_PURPOSE), used_at=None, expires_at__gt=timezone.now()
    )
    found = link.select_related("user").first()
    return found.user if found is not None and found.user.is_active else None


def consume_signin_link(*, token: str, address: str = "") -> User:
    """The person whom the link signs in; of any number of uses at once, one succeeds.

    Raises NotSignedIn for a link that is unknown, used or expired.
    """
    now = timezone.now()
    user = find_link_owner(token)
    with transaction.atomic():
        # Conditions on the row itself only: the database checks them again after waiting for its lock.
        fresh = SigninLink.objects.filter(digest__in=digests(token, purpose=_PURPOSE), used_at=None, expires_at__gt=now)
        if user is None or fresh.update(used_at=now) != 1:
            raise NotSignedIn("This sign-in link was used already or has expired. Ask for a new one.")
        audit.record(actor=user.as_actor(address), action="signin_link.use", subject=f"user {user.username}")
    return user
