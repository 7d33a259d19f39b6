"""Caps: set, taken back and listed; a change holds at once, in the window that is running."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, CharField, DateTimeField, F, Q, Value
from django.utils import timezone

from runs.ledger.balances import set_cap_of_balances
from runs.ledger.cap_rules import CapStanding, cap_after, refusal_of
from runs.ledger.shapes import BalanceKey
from runs.ledger.windows import DAY, MONTH, SITE, day_of, key_scope, user_scope, window_at
from runs.models import Balance, Cap
from runs.money import to_usd
from smartspawn.access.audit import record
from smartspawn.access.models import ApiKey, User
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, InvalidParam, NotAllowed, NotFound

WINDOWS: Final = (DAY, MONTH)
_RANK: Final = {"site": 0, "user": 1, "key": 2}
_Place = tuple[str, str]  # a scope, and a window or its kind
_SITE_TITLE: Final = "This site"
_SCOPE: Final = re.compile(r"site|(user|key):([1-9][0-9]{0,17})")
# Around midnight another process may be in the next window already: the cap must not miss it.
_CLOCK_SKEW: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CapLine:
    """A scope in a window that is running: its cap, if any, and how much of it is used."""

    scope: str
    kind: str  # "day", "month"
    window: str
    title: str  # "This site", "alice", "ci-bot (ss_ab12) of alice"
    cap_nano_usd: int | None
    spent_nano_usd: int
    reserved_nano_usd: int
    admin_cap_nano_usd: int | None = None  # the most that its owner may set; None: no admin set one
    set_by: str = ""
    set_at: datetime | None = None

    @property
    def is_owners(self) -> bool:
        """Whether its owner set this cap, and may lift it: below an admin's, or where there is none."""
        return self.cap_nano_usd is not None and self.cap_nano_usd != self.admin_cap_nano_usd

    @property
    def spent_share(self) -> float:
        """The part of the cap that is spent, at most 1; 0 without a cap."""
        return _share(self.spent_nano_usd, self.cap_nano_usd)

    @property
    def used_share(self) -> float:
        """The part of the cap that is spent or set aside, at most 1; 0 without a cap."""
        return _share(self.spent_nano_usd + self.reserved_nano_usd, self.cap_nano_usd)

    @property
    def free_nano_usd(self) -> int | None:
        """What a further call may still take; None: no limit."""
        if self.cap_nano_usd is None:
            return None
        return max(0, self.cap_nano_usd - self.spent_nano_usd - self.reserved_nano_usd)

    @property
    def is_used(self) -> bool:
        """Whether anything was spent or set aside in this window."""
        return bool(self.spent_nano_usd or self.reserved_nano_usd)

    @property
    def is_used_up(self) -> bool:
        """Whether nothing more fits."""
        return self.free_nano_usd == 0


def set_cap(*, actor: Actor, scope: str, kind: str, cap_nano_usd: int, why: str = "") -> None:
    """Let a scope spend at most this in each day or month (UTC), from now on; 0 lets nothing through.

    Raises InvalidParam for a scope or window that is none, NotFound for a person or key that is not there, and
    NotAllowed where ``cap_rules`` refuses.
    """
    check_scope(scope, kind)
    if cap_nano_usd < 0:
        raise InvalidParam("capUsd: a cap cannot be negative. 0 lets nothing through.")
    _change(actor=actor, scope=scope, kind=kind, cap_nano_usd=cap_nano_usd, why=why)


def remove_cap(*, actor: Actor, scope: str, kind: str, why: str = "") -> None:
    """Lift a cap: the scope may spend without limit, or up to an admin's cap where its owner lifts their own.

    Raises NotFound where there is none, NotAllowed where ``cap_rules`` refuses.
    """
    _change(actor=actor, scope=scope, kind=kind, cap_nano_usd=None, why=why)


def list_caps(at: datetime | None = None) -> tuple[CapLine, ...]:
    """The site, and every person and key with a cap or with spend in the running month."""
    day = day_of(at or timezone.now())
    caps, used = _caps_and_balances(day, Q())
    scopes = {SITE} | {scope for scope, _ in (*caps, *used)}
    titles = titles_of(scopes)
    listed = sorted(scopes & titles.keys(), key=lambda scope: (_RANK[scope.partition(":")[0]], titles[scope]))
    return tuple(
        _line(caps.get((scope, kind)), used.get((scope, window_at(kind, day))), (scope, kind, titles[scope]), day)
        for scope in listed
        for kind in WINDOWS
        if scope == SITE or (scope, kind) in caps or (scope, window_at(kind, day)) in used
    )


def lines_of(
    scopes: Collection[str], at: datetime | None = None, *, titles: Mapping[str, str] | None = None
) -> tuple[CapLine, ...]:
    """What these scopes have spent today and this month, beside their caps; under ``titles`` that are known already."""
    day = day_of(at or timezone.now())
    caps, used = _caps_and_balances(day, Q(scope__in=list(scopes)))
    titles = titles_of(scopes) if titles is None else titles
    return tuple(
        _line(caps.get((scope, kind)), used.get((scope, window_at(kind, day))), (scope, kind, titles[scope]), day)
        for scope in scopes
        if scope in titles
        for kind in WINDOWS
    )


def list_scopes() -> tuple[tuple[str, str], ...]:
    """Every scope that can have a cap, with what people call it: the site, active people, keys that open something."""
    people = User.objects.filter(is_active=True).order_by("username").values_list("pk", "username")
    keys = ApiKey.objects.usable().order_by("name", "pk").values_list("pk", "name", "prefix", "owner__username")
    return (
        (SITE, _SITE_TITLE),
        *((user_scope(user_id), name) for user_id, name in people),
        *((key_scope(key_id), key_title(name, prefix, owner)) for key_id, name, prefix, owner in keys),
    )


def list_own_scopes(user_id: int) -> tuple[tuple[str, str], ...]:
    """The scopes whose caps this person may set: their own, and of their keys those that open something."""
    keys = ApiKey.objects.usable().filter(owner_id=user_id).order_by("name", "pk")
    named = keys.values_list("pk", "name", "prefix")
    return (
        (user_scope(user_id), "You, with all your keys"),
        *((key_scope(key_id), f"{name} ({prefix})") for key_id, name, prefix in named),
    )


def check_scope(scope: str, kind: str) -> None:
    """Raises InvalidParam for a scope or window that is none, NotFound for a person or key that is not there."""
    if kind not in WINDOWS:
        raise InvalidParam("window: 'day' or 'month'.")
    if not _SCOPE.fullmatch(scope):
        raise InvalidParam("scope: 'site', 'user:<number>' or 'key:<number>'.")
    if scope not in titles_of({scope}):
        raise NotFound(f"There is no {scope.replace(':', ' ')} that could have a cap.")


def _change(*, actor: Actor, scope: str, kind: str, cap_nano_usd: int | None, why: str) -> None:
    with transaction.atomic():
        before = Cap.objects.select_for_update().filter(scope=scope, window=kind).first()
        standing = _standing(scope, before)
        # First: whether others have a cap is nobody's business.
        if refusal := refusal_of(actor, standing, cap_nano_usd):
            raise NotAllowed(refusal)
        if before is None and cap_nano_usd is None:
            raise NotFound("There is no such cap: this scope may spend without limit in that window.")
        now = timezone.now()
        is_back = cap_nano_usd is None
        cap_nano_usd, most = cap_after(actor, standing, cap_nano_usd)
        set_by = f"{actor.label[:170]} (back to an admin's)" if is_back else actor.label[:200]
        if cap_nano_usd is None:
            Cap.objects.filter(scope=scope, window=kind).delete()
        else:
            row = Cap(scope=scope, window=kind, cap_nano_usd=cap_nano_usd, admin_cap_nano_usd=most)
            row.set_by, row.set_at = set_by, now
            _write(row, before)
        running = {window_at(kind, day_of(moment)) for moment in (now, now + _CLOCK_SKEW)}
        keys = [BalanceKey(scope, window) for window in sorted(running)]
        set_cap_of_balances(keys, cap_nano_usd, instead_of=None if before is None else before.cap_nano_usd)
        record(
            actor=actor,
            action="cap.remove" if cap_nano_usd is None else "cap.set",
            subject=f"{kind}'s cap of {scope}",
            before=None if before is None else {"cap_usd": f"{to_usd(before.cap_nano_usd):f}"},
            after=None if cap_nano_usd is None else {"cap_usd": f"{to_usd(cap_nano_usd):f}"},
            why=why,
        )


def _write(row: Cap, before: Cap | None) -> None:
    """Put the row in the place of the one that is held."""
    row.pk = None if before is None else before.pk
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        # Never over what came meanwhile: it may be an admin's, of which nothing was known here.
        raise Conflict("Somebody else set this cap in this moment. Look at it, and try again.") from error


def _standing(scope: str, cap: Cap | None) -> CapStanding:
    is_key = scope.startswith("key:") and _SCOPE.fullmatch(scope) is not None
    keys = ApiKey.objects.filter(pk=int(scope.removeprefix("key:"))) if is_key else ApiKey.objects.none()
    owner_id = keys.values_list("owner_id", flat=True).first()
    if cap is None:
        return CapStanding(scope, owner_id=owner_id)
    return CapStanding(scope, cap.cap_nano_usd, cap.admin_cap_nano_usd, owner_id)


def _caps_and_balances(day: date, wanted: Q) -> tuple[Mapping[_Place, Cap], Mapping[_Place, Balance]]:
    """The caps by scope and kind, and the running balances by scope and window; one query."""
    number, moment = Value(None, output_field=BigIntegerField()), Value(None, output_field=DateTimeField())
    caps = Cap.objects.filter(wanted).annotate(spent=number, reserved=number)
    windows = [window_at(kind, day) for kind in WINDOWS]
    used = Balance.objects.filter(wanted, window__in=windows).annotate(
        most=number, by=Value("", output_field=CharField()), at=moment, spent=F("spent_nano_usd")
    )
    rows = caps.order_by().values_list(
        *("scope", "window", "cap_nano_usd", "admin_cap_nano_usd", "set_by", "set_at", "spent", "reserved")
    )
    rows = rows.union(
        used.order_by().values_list(
            *("scope", "window", "cap_nano_usd", "most", "by", "at", "spent", "reserved_nano_usd")
        ),
        all=True,
    )
    found: tuple[dict[_Place, Cap], dict[_Place, Balance]] = ({}, {})
    for scope, window, cap, most, by, at, spent, reserved in rows:
        if spent is None:
            found[0][scope, window] = Cap(
                scope=scope, window=window, cap_nano_usd=cap, admin_cap_nano_usd=most, set_by=by, set_at=at
            )
        else:
            found[1][scope, window] = Balance(
                scope=scope, window=window, cap_nano_usd=cap, spent_nano_usd=spent, reserved_nano_usd=reserved
            )
    return found


def _line(cap: Cap | None, used: Balance | None, about: tuple[str, str, str], day: date) -> CapLine:
    scope, kind, title = about
    return CapLine(
        scope=scope,
        kind=kind,
        window=window_at(kind, day),
        title=title,
        cap_nano_usd=None if cap is None else cap.cap_nano_usd,
        spent_nano_usd=0 if used is None else used.spent_nano_usd,
        reserved_nano_usd=0 if used is None else used.reserved_nano_usd,
        admin_cap_nano_usd=None if cap is None else cap.admin_cap_nano_usd,
        set_by="" if cap is None else cap.set_by,
        set_at=None if cap is None else cap.set_at,
    )


def titles_of(scopes: Iterable[str]) -> dict[str, str]:
    """What people call these scopes; those of people and keys that are gone are left out. One query."""
    ids: dict[str, list[int]] = {"user": [], "key": []}
    for scope in scopes:
        kind, _, number = scope.partition(":")
        if number and kind in ids:
            ids[kind].append(int(number))
    empty = Value("", output_field=CharField())
    names = ("pk", "word", "mark", "whose")
    people = User.objects.filter(pk__in=ids["user"]).annotate(word=F("username"), mark=empty, whose=empty)
    keys = ApiKey.objects.filter(pk__in=ids["key"]).annotate(
        word=F("name"), mark=F("prefix"), whose=F("owner__username")
    )
    titles = {SITE: _SITE_TITLE}
    for pk, word, mark, whose in (
        keys.order_by().values_list(*names).union(people.order_by().values_list(*names), all=True)
    ):
        titles |= {key_scope(pk): key_title(word, mark, whose)} if mark else {user_scope(pk): word}
    return titles


def key_title(name: str, prefix: str, owner: str) -> str:
    """What people call a key."""
    return f"{name} ({prefix}) of {owner}"


def _share(part: int, whole: int | None) -> float:
    if whole is None:
        return 0.0
    return min(1.0, part / whole) if whole else 1.0
