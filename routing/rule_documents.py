"""Rules as documents: read from YAML or JSON, checked, and written again. Everything here is pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, Final

import msgspec
import yaml

from routing.route_policy import Conditions, RouteRule, RouteRules, RouteTier
from smartspawn.lib.errors import InvalidBody, InvalidParam
from smartspawn.lib.yamltext import read_yaml

MAX_RULES: Final = 200
MAX_WORDS: Final = 60  # of one condition
MAX_TIERS: Final = 20
MAX_DRIVERS: Final = 40
MAX_NAME_CHARS: Final = 80
MAX_KEPT_NAME_CHARS: Final = 40  # tiers and drivers are kept with sessions
MAX_WORD_CHARS: Final = 200
MAX_PREFERENCE: Final = 10
MAX_MARGIN_SCORE: Final = 100.0
DRAFT_VERSION: Final = "draft"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why rules cannot be used, with the rule that it is about."""

    words: str
    rule: int | None = None  # its place; None: the document as a whole


def read_rules(text: str) -> RouteRules:
    """The rules of a YAML text. Raises InvalidParam, naming what cannot be used and where."""
    return rules_from(read_text(text))


def rules_from(raw: Any) -> RouteRules:
    """The rules of a plain document. Raises InvalidParam, naming what cannot be used and where."""
    rules = draft_from(raw)
    for fault in faults_of(rules):
        raise InvalidParam(f"The rules cannot be used: {fault.words}")
    return rules


def read_text(text: str) -> Any:
    """The plain document of a YAML text. Raises InvalidParam for what is none."""
    try:
        return read_yaml(text)
    except InvalidBody as refusal:
        raise InvalidParam(f"The rules are no YAML: {refusal.message}") from refusal


def draft_from(raw: Any) -> RouteRules:
    """The rules of a document that may still be unusable, as while somebody works on it.

    Raises InvalidParam for what has not even the form of rules.
    """
    if isinstance(raw, dict):
        raw = {"version": DRAFT_VERSION, **raw}
    try:
        rules = msgspec.convert(raw, RouteRules, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidParam(f"The rules cannot be used: {error}") from error
    for words in (*_unknown_words(raw), *_unreadable_texts(raw), *_numbers_that_are_none(rules)):
        raise InvalidParam(f"The rules cannot be used: {words}")
    return rules


def document_of(rules: RouteRules) -> dict[str, Any]:
    """The rules as a plain document without what says nothing, and without their version."""
    return {
        "drivers": {name: list(providers) for name, providers in rules.drivers.items()},
        "tiers": [_said(msgspec.to_builtins(tier), kept=("name", "budget")) for tier in rules.tiers],
        "driver_margin_score": rules.driver_margin_score,
        "rules": [_rule_document(rule) for rule in rules.rules],
    }


def dump_rules(rules: RouteRules) -> str:
    """The rules as YAML, as ``read_rules`` reads them."""
    return yaml.safe_dump(document_of(rules), sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)


def _rule_document(rule: RouteRule) -> dict[str, Any]:
    plain = msgspec.to_builtins(rule)
    when = _said(plain.pop("when"))
    if bounds := when.get("sub_dimensions"):
        when["sub_dimensions"] = dict(sorted(bounds.items()))  # no order is kept of them
    outcomes = {name: value for name, value in plain.items() if name != "name" and value is not None}
    return {"name": rule.name, **({"when": when} if when else {}), **outcomes}


def _said(plain: Mapping[str, Any], kept: tuple[str, ...] = ()) -> dict[str, Any]:
    """Without empty lists and nothings; zero says something. Prices are numbers, as people write them."""
    said = {name: value for name, value in plain.items() if name in kept or value not in (None, [], {}, ())}
    price = said.get("max_prompt_usd_per_mtok")
    return said if price is None else {**said, "max_prompt_usd_per_mtok": _plain_number(str(price))}


def _plain_number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


# --- what is wrong with the form ---------------------------------------------------------------


def _unknown_words(raw: dict[str, Any]) -> Iterator[str]:
    """A misspelt condition would hold always: worse than an error."""
    for word in set(raw) - _names(RouteRules):
        yield f"'{word}' is not a part of them"
    for tier in raw["tiers"]:
        yield from (f"tier '{tier['name']}' has no '{word}'" for word in set(tier) - _names(RouteTier))
    for rule in raw["rules"]:
        yield from (f"rule '{rule['name']}' has no '{word}'" for word in set(rule) - _names(RouteRule))
        unknown = set(rule.get("when") or ()) - _names(Conditions)
        yield from (f"rule '{rule['name']}' has no condition '{word}'" for word in unknown)


def _names(shape: type[RouteRules | RouteTier | RouteRule | Conditions]) -> set[str]:
    return {item.name for item in fields(shape)}


def _unreadable_texts(value: object) -> Iterator[str]:
    """Control characters and lone surrogates: no database keeps them all."""
    if isinstance(value, str):
        if len(value) > MAX_WORD_CHARS:
            yield f"'{value[:40]}...' is longer than {MAX_WORD_CHARS} characters"
        if any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
            yield f"{value[:40]!a} holds a character that is no text"
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _unreadable_texts(name)
            yield from _unreadable_texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _unreadable_texts(item)


def _numbers_that_are_none(rules: RouteRules) -> Iterator[str]:
    """YAML knows .nan and .inf; JSON, and arithmetic, do not."""
    if not isfinite(rules.driver_margin_score):
        yield "driver_margin_score is no number"
    for tier in rules.tiers:
        if tier.max_prompt_usd_per_mtok is not None and not tier.max_prompt_usd_per_mtok.is_finite():
            yield f"tier '{tier.name}' has a price ceiling that is no price"
    for rule in rules.rules:
        if not all(map(isfinite, rule.when.sub_dimensions.values())):
            yield f"rule '{rule.name}' has a sub-dimension that is no number"


# --- what is wrong with what they say ----------------------------------------------------------


def faults_of(rules: RouteRules) -> Iterator[Fault]:
    """All that keeps these rules from being used."""
    yield from map(Fault, _whole_faults(rules))
    yield from map(Fault, _tier_faults(rules))
    for place, rule in enumerate(rules.rules):
        yield from (Fault(f"rule '{rule.name}' {words}", place) for words in _rule_faults(rule, rules))


def _whole_faults(rules: RouteRules) -> Iterator[str]:
    if not rules.tiers or not rules.drivers:
        yield "they need at least one tier and one driver"
    for count, most, what in (
        (len(rules.rules), MAX_RULES, "rules"),
        (len(rules.tiers), MAX_TIERS, "tiers"),
        (len(rules.drivers), MAX_DRIVERS, "drivers"),
    ):
        if count > most:
            yield f"more than {most} {what}"
    for name, providers in rules.drivers.items():
        if not providers:
            yield f"driver '{name}' runs the models of nobody"
        yield from _name_faults("driver", name, MAX_KEPT_NAME_CHARS)
    if not 0 <= rules.driver_margin_score <= MAX_MARGIN_SCORE:
        yield f"driver_margin_score is a number of points from 0 to {MAX_MARGIN_SCORE:.0f}"


def _tier_faults(rules: RouteRules) -> Iterator[str]:
    seen = set()
    for tier in rules.tiers:
        yield from _name_faults("tier", tier.name, MAX_KEPT_NAME_CHARS)
        if tier.name in seen:
            yield f"two tiers are called '{tier.name}'"
        seen.add(tier.name)
        if tier.preference is not None and not 0 <= tier.preference <= MAX_PREFERENCE:
            yield f"tier '{tier.name}' has a preference outside 0 (cost) to {MAX_PREFERENCE} (quality)"
        ceiling = tier.max_prompt_usd_per_mtok
        if ceiling is not None and ceiling < 0:
            yield f"tier '{tier.name}' has a price ceiling that is no price"


def _rule_faults(rule: RouteRule, rules: RouteRules) -> Iterator[str]:
    if not rule.name.strip():
        yield "needs a name"
    if len(rule.name) > MAX_NAME_CHARS:
        yield f"has a name of more than {MAX_NAME_CHARS} characters"
    if rule.tier is not None and rule.tier not in {tier.name for tier in rules.tiers}:
        yield f"names the tier '{rule.tier}', which there is not"
    for name in rule.drivers or ():
        if name not in rules.drivers:
            yield f"names the driver '{name}', which there is not"
    if rule.tier is None and rule.drivers is None and rule.confirm is None:
        yield "decides nothing: give it a tier, drivers or a confirmation"
    when = rule.when
    if max(map(len, (when.stack, when.language, when.paths, when.sub_dimensions))) > MAX_WORDS:
        yield f"has more than {MAX_WORDS} words in one condition"


def _name_faults(what: str, name: str, longest: int) -> Iterator[str]:
    if not name.strip():
        yield f"a {what} needs a name"
    if len(name) > longest:
        yield f"the name of {what} '{name[:40]}' is longer than {longest} characters"
