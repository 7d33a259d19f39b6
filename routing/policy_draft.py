"""Rules while somebody works on them: moved, added, removed, replaced. A draft may be unusable. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from catalog.shapes import Budget
from routing.route_policy import RouteRule, RouteRules, RouteTier

Item = TypeVar("Item")
KINDS: Final = ("rule", "tier", "driver")


def count_of(rules: RouteRules, kind: str) -> int:
    """How many there are of a kind."""
    return len({"rule": rules.rules, "tier": rules.tiers, "driver": tuple(rules.drivers)}[kind])


def move(rules: RouteRules, kind: str, place: int, by: int) -> RouteRules:
    """The rules with one item so many places further down; at the edge it stays."""
    target = place + by
    if not 0 <= target < count_of(rules, kind):
        return rules
    return _changed(rules, kind, lambda items: _moved(items, place, target))


def remove(rules: RouteRules, kind: str, place: int) -> RouteRules:
    """The rules without one item."""
    return _changed(rules, kind, lambda items: (*items[:place], *items[place + 1 :]))


def add(rules: RouteRules, kind: str, place: int) -> RouteRules:
    """The rules with a new item at this place; what it says is up to whoever adds it."""
    if kind == "rule":
        rule = RouteRule(_free_name("new rule", [item.name for item in rules.rules]), confirm=True)
        return replace(rules, rules=_inserted(rules.rules, place, rule))
    if kind == "tier":
        tier = RouteTier(_free_name("new tier", [item.name for item in rules.tiers]), Budget.ANY)
        return replace(rules, tiers=_inserted(rules.tiers, place, tier))
    name = _free_name("new driver", list(rules.drivers))
    return replace(rules, drivers=dict(_inserted(tuple(rules.drivers.items()), place, (name, ("*",)))))


def put_rule(rules: RouteRules, place: int, rule: RouteRule) -> RouteRules:
    """The rules with another rule at this place."""
    return replace(rules, rules=_put(rules.rules, place, rule))


def put_tier(rules: RouteRules, place: int, tier: RouteTier) -> RouteRules:
    """The rules with another tier at this place; rules that named the former name name the new one."""
    former = rules.tiers[place].name
    named = tuple(replace(rule, tier=tier.name) if rule.tier == former else rule for rule in rules.rules)
    return replace(rules, tiers=_put(rules.tiers, place, tier), rules=named)


def put_driver(rules: RouteRules, place: int, name: str, providers: tuple[str, ...]) -> RouteRules:
    """The rules with another driver at this place; rules that named the former name name the new one."""
    items = tuple(rules.drivers.items())
    former = items[place][0]
    named = tuple(
        rule if rule.drivers is None else replace(rule, drivers=_renamed(rule.drivers, former, name))
        for rule in rules.rules
    )
    return replace(rules, drivers=dict(_put(items, place, (name, providers))), rules=named)


def _changed(rules: RouteRules, kind: str, change: Callable[[tuple[Item, ...]], tuple[Item, ...]]) -> RouteRules:
    if kind == "rule":
        return replace(rules, rules=change(rules.rules))  # type: ignore[arg-type]  # the change keeps the kind of item
    if kind == "tier":
        return replace(rules, tiers=change(rules.tiers))  # type: ignore[arg-type]  # as above
    return replace(rules, drivers=dict(change(tuple(rules.drivers.items()))))  # type: ignore[arg-type]  # as above


def _moved(items: tuple[Item, ...], place: int, target: int) -> tuple[Item, ...]:
    rest = (*items[:place], *items[place + 1 :])
    return _inserted(rest, target, items[place])


def _inserted(items: tuple[Item, ...], place: int, item: Item) -> tuple[Item, ...]:
    return (*items[:place], item, *items[place:])


def _put(items: tuple[Item, ...], place: int, item: Item) -> tuple[Item, ...]:
    return (*items[:place], item, *items[place + 1 :])


def _renamed(names: tuple[str, ...], former: str, name: str) -> tuple[str, ...]:
    return tuple(name if item == former else item for item in names)


def _free_name(name: str, taken: list[str]) -> str:
    numbers = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(item for item in numbers if item not in taken)
