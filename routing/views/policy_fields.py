"""The fields of one opened rule, tier or driver: as the form writes them and as it reads them back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.http import QueryDict

from catalog.shapes import Budget
from routing.classifier.heads import SUB_DIMENSIONS
from routing.policy_draft import put_driver, put_rule, put_tier
from routing.route_policy import Conditions, RouteRule, RouteRules, RouteTier
from routing.shapes import Complexity, Risk, TaskType
from smartspawn.lib.errors import InvalidParam

BEST: Final = "best"  # whoever runs the best model
OPEN_WORDS: Final = "left to the rules below"
_BOUND: Final = re.compile(r"([a-z_ ]+?)\s*(?:>=|≥|=|:|\s)\s*([0-9]*[.,]?[0-9]+)", re.IGNORECASE)


def fields_of(rules: RouteRules, kind: str, place: int) -> dict[str, Any]:
    """What the fields of an item say, by the names of ``QueryDict``."""
    if kind == "rule":
        return _rule_fields(rules.rules[place])
    if kind == "tier":
        return _tier_fields(rules.tiers[place])
    name, providers = list(rules.drivers.items())[place]
    return {"name": name, "providers": ", ".join(providers)}


def put_fields(rules: RouteRules, kind: str, place: int, said: QueryDict) -> RouteRules:
    """The rules with what the fields say. Raises InvalidParam for what cannot be read."""
    if kind == "rule":
        return put_rule(rules, place, _read_rule(said, rules))
    if kind == "tier":
        return put_tier(rules, place, _read_tier(said))
    return put_driver(rules, place, said.get("name", "").strip(), words_of(said.get("providers", "")))


def words_of(text: str) -> tuple[str, ...]:
    """A list as people write it: by commas or lines."""
    return tuple(word for part in re.split(r"[,\n\r]", text) if (word := part.strip()))


# --- rules -----------------------------------------------------------------------------------------


def _rule_fields(rule: RouteRule) -> dict[str, Any]:
    when = rule.when
    return {
        "name": rule.name,
        "task_type": list(when.task_type),
        "complexity": list(when.complexity),
        "risk": list(when.risk),
        "stack": ", ".join(when.stack),
        "language": ", ".join(when.language),
        "paths": "\n".join(when.paths),
        "sub_dimensions": ", ".join(f"{name} {least:g}" for name, least in when.sub_dimensions.items()),
        "tier": rule.tier or "",
        "drivers": driver_words(rule.drivers),
        "confirm": {True: "yes", False: "no", None: ""}[rule.confirm],
    }


def driver_words(drivers: tuple[str, ...] | None) -> str:
    """The drivers as the form writes them; nothing where they are left open."""
    if drivers is None:
        return ""
    return ", ".join(drivers) or BEST


def _read_rule(said: QueryDict, rules: RouteRules) -> RouteRule:
    when = Conditions(
        task_type=tuple(word for word in TaskType if word in said.getlist("task_type")),
        complexity=tuple(word for word in Complexity if word in said.getlist("complexity")),
        risk=tuple(word for word in Risk if word in said.getlist("risk")),
        stack=tuple(word.lower() for word in words_of(said.get("stack", ""))),
        language=tuple(word.lower() for word in words_of(said.get("language", ""))),
        paths=tuple(word.replace("\\", "/") for word in words_of(said.get("paths", ""))),
        sub_dimensions=_read_bounds(said.get("sub_dimensions", "")),
    )
    return RouteRule(
        name=said.get("name", "").strip(),
        when=when,
        tier=said.get("tier", "") or None,
        drivers=_read_drivers(said.get("drivers", ""), rules),
        confirm={"yes": True, "no": False}.get(said.get("confirm", "")),
    )


def _read_drivers(text: str, rules: RouteRules) -> tuple[str, ...] | None:
    names = words_of(text)
    if names == (BEST,) and BEST not in rules.drivers:
        return ()
    return names or None


def _read_bounds(text: str) -> Mapping[str, float]:
    """ "reversal_cost 0.7, security surface >= 0.5" as names with their least values."""
    bounds: dict[str, float] = {}
    for part in re.split(r"[;\n]|,(?!\d)", text):
        if not part.strip():
            continue
        found = _BOUND.fullmatch(part.strip())
        name = found.group(1).strip().lower().replace(" ", "_") if found else ""
        if not found or name not in SUB_DIMENSIONS:
            known = ", ".join(SUB_DIMENSIONS)
            raise InvalidParam(
                f"'{part.strip()[:60]}' is no sub-dimension with a number, such as 'reversal_cost 0.7'. "
                f"There are: {known}."
            )
        bounds[name] = float(found.group(2).replace(",", "."))
    return bounds


# --- tiers -----------------------------------------------------------------------------------------


def _tier_fields(tier: RouteTier) -> dict[str, Any]:
    ceiling = tier.max_prompt_usd_per_mtok
    return {
        "name": tier.name,
        "budget": tier.budget,
        "preference": "" if tier.preference is None else str(tier.preference),
        "ceiling": "" if ceiling is None else f"{ceiling:f}",
        "models": "\n".join(tier.models),
    }


def _read_tier(said: QueryDict) -> RouteTier:
    budget = said.get("budget", "")
    if budget not in set(Budget):
        raise InvalidParam(f"Choose a budget: {', '.join(Budget)}.")
    preference = said.get("preference", "").strip()
    if preference and not (preference.isascii() and preference.isdigit() and len(preference) < 3):
        raise InvalidParam("The preference is a whole number from 0 (cost) to 10 (quality).")
    return RouteTier(
        name=said.get("name", "").strip(),
        budget=Budget(budget),
        preference=int(preference) if preference else None,
        max_prompt_usd_per_mtok=read_price(said.get("ceiling", ""), "The price ceiling"),
        models=words_of(said.get("models", "")),
    )


def read_price(text: str, what: str) -> Decimal | None:
    """A price in dollars, or None for nothing. Raises InvalidParam for what is none."""
    text = text.strip().replace(",", ".").removeprefix("$")
    if not text:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation as error:
        raise InvalidParam(f"{what} is a number of dollars per million tokens.") from error
    if not price.is_finite() or not 0 <= price <= 10_000 or len(text) > 20:
        raise InvalidParam(f"{what} is a number of dollars per million tokens, up to 10,000.")
    return price
