"""The page of limits: whose they are, what they leave, and two people at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from routing.decide import pick
from routing.limits import SITE, find_limits, set_limits
from routing.models import LimitsRow
from routing.shapes import Limits, TaskRequest
from smartspawn.access.keys import create_key
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import COMMAND_LINE, Role, Scope
from tests.catalog.pages import signed_in, text_of

pytestmark = pytest.mark.usefixtures("catalogue")


def person(name: str, role: str = "member") -> tuple[Client, User]:
    user = User.objects.create_user(name, role=role)
    client = Client()
    client.force_login(user)
    return client, user


def saved(client: Client, address: str, status: int = 302, **said: Any) -> str:
    response = client.post(f"/limits/{address}save/", {"base": "0", **said})
    assert response.status_code == status, text_of(response.content)[:300]
    return text_of(response.content)


def test_what_is_typed_is_counted_before_it_is_saved() -> None:
    client, _ = person("ann")
    page = text_of(
        client.post("/limits/_effect", {"denyProviders": "openai, nobody", "maxPromptUsdPerMtok": "3"}).content
    )
    assert "5 of 8 models that may be chosen" in page
    assert "does not list nobody" in page
    assert "above $3 per million prompt tokens" in page
    assert LimitsRow.objects.count() == 0
    without_htmx = text_of(client.post("/limits/", {"denyProviders": "openai", "act": "effect"}).content)
    assert "6 of 8 models that may be chosen" in without_htmx


def test_saved_limits_hold_and_are_shown_with_who_set_them() -> None:
    client, user = person("ann")
    saved(
        client,
        "",
        allowModels="openai/big\nanthropic/middle",
        denyProviders="openai",
        maxPromptUsdPerMtok="4,5",
        excludeFree="on",
        why="contract",
    )
    held = find_limits(f"user:{user.pk}")
    assert held == Limits(
        allow_models=frozenset({"openai/big", "anthropic/middle"}),
        deny_providers=frozenset({"openai"}),
        max_prompt_usd_per_mtok=held.max_prompt_usd_per_mtok if held else None,
        is_free_excluded=True,
    )
    assert str(held.max_prompt_usd_per_mtok).startswith("4.5")
    assert pick(request=TaskRequest("coding"), actor=user.as_actor()).chosen == ("anthropic/middle",)
    html = client.get("/limits/").content
    assert "Set by ann" in text_of(html)
    assert "contract" in text_of(html)
    assert 'value="4.5"' in html.decode()
    assert AuditEntry.objects.get(action="limits.set").why == "contract"


def test_a_key_s_page_counts_what_its_owner_and_the_site_take_too() -> None:
    client, user = person("ann")
    key = create_key(actor=user.as_actor(), name="ci", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    set_limits(Limits(deny_providers=frozenset({"openai"})), scope=SITE, actor=COMMAND_LINE)
    set_limits(Limits(deny_providers=frozenset({"x-ai"})), scope=f"user:{user.pk}", actor=COMMAND_LINE)
    page = text_of(client.post(f"/limits/keys/{key.key_id}/_effect", {"excludeFree": "on"}).content)
    assert "4 of 8 models that may be chosen; 7 by these limits alone" in page
    saved(client, f"keys/{key.key_id}/", excludeFree="on")
    assert find_limits(f"key:{key.key_id}") == Limits(is_free_excluded=True)
    assert "Key ci" in text_of(client.get("/limits/").content)
    stranger, _ = person("ben")
    assert stranger.get(f"/limits/keys/{key.key_id}/").status_code == 404
    saved(stranger, f"keys/{key.key_id}/", 404, excludeFree="on")


def test_the_site_s_limits_are_read_by_all_and_set_by_admins() -> None:
    member, _ = person("ann")
    admin, _ = person("eve", "admin")
    saved(member, "site/", 403, denyProviders="openai")
    saved(admin, "site/", denyProviders="openai")
    page = text_of(member.get("/limits/site/").content)
    assert "openai" in page
    assert "An admin can change them" in page
    assert "<form" not in member.get("/limits/site/").content.decode().split("<main")[1]


def test_of_two_who_save_at_once_the_second_is_told() -> None:
    one, two = person("ann", "admin")[0], person("eve", "admin")[0]
    saved(one, "site/", denyProviders="openai")
    page = saved(two, "site/", 409, denyProviders="google", why="mine")
    assert "Somebody was faster" in page
    assert "ann set others in the meantime" in page
    assert find_limits(SITE) == Limits(deny_providers=frozenset({"openai"}))
    html = two.post("/limits/site/save/", {"base": "0", "denyProviders": "google"}).content.decode()
    base = html.split('name="base" value="')[1].split('"')[0]
    saved(two, "site/", base=base, denyProviders="google")
    assert find_limits(SITE) == Limits(deny_providers=frozenset({"google"}))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"maxPromptUsdPerMtok": "cheap"}, "valid number"),
        ({"maxPromptUsdPerMtok": "-1"}, "greater than or equal"),
        ({"denyModels": "x" * 201}, "200 characters"),
        ({"denyProviders": "a\x00b"}, "Null characters"),
    ],
)
def test_what_would_not_limit_is_refused_with_what_was_typed(said: dict[str, str], told: str) -> None:
    client, _ = person("ann")
    assert told in saved(client, "", 422, **said)
    assert LimitsRow.objects.count() == 0
    assert client.post("/limits/_effect", said).status_code == 422


def test_limits_are_tried_on_what_was_decided() -> None:
    client, user = person("ann")
    pick(request=TaskRequest("coding"), actor=user.as_actor())
    for address in ("/limits/_effect?part=change", "/limits/"):
        page = text_of(client.post(address, {"denyProviders": "openai", "act": "replay"}).content)
        assert "Would change 1 of 1" in page
    # A browser sends the button that was clicked last with what is typed after it, too.
    assert "Would change" not in text_of(client.post("/limits/_effect", {"act": "replay"}).content)


def test_a_page_asks_the_database_little(django_assert_max_num_queries: Any) -> None:
    client = signed_in(Role.ADMIN)
    for address in ("/limits/", "/limits/site/"):
        client.get(address)
        with django_assert_max_num_queries(8):
            client.get(address)
