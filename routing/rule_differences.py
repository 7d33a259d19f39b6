"""What is different between two versions of the rules, in words and line by line. Everything here is pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from typing import Any, Final

from routing.route_policy import RouteRules
from routing.rule_documents import document_of, dump_rules

_WORDS: Final = {"when": "conditions", "confirm": "confirmation", "max_prompt_usd_per_mtok": "price ceiling"}


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One line of the YAML text."""

    kind: str  # "added", "removed", "same", "place"
    text: str


def differences(old: RouteRules, new: RouteRules) -> tuple[str, ...]:
    """Every difference in a sentence: rules, tiers, drivers, the margin."""
    before, after = document_of(old), document_of(new)
    return (
        *_of_list("Rule", before["rules"], after["rules"]),
        *_of_list("Tier", before["tiers"], after["tiers"]),
        *_of_drivers(before["drivers"], after["drivers"]),
        *_of_margin(old.driver_margin_score, new.driver_margin_score),
    )


def line_differences(old: RouteRules, new: RouteRules) -> tuple[DifferenceLine, ...]:
    """The YAML texts line by line, with what stands around each difference."""
    lines = unified_diff(dump_rules(old).splitlines(), dump_rules(new).splitlines(), lineterm="", n=2)
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return tuple(
        DifferenceLine(kinds.get(line[:1], "same"), line if line.startswith("@") else line[1:])
        for line in lines
        if not line.startswith(("---", "+++"))
    )


def _of_list(what: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    old, new = _by_name(before), _by_name(after)
    yield from (f"{what} '{name}' is gone." for name, _ in old.keys() - new.keys())
    moved = _moved(list(old), list(new))
    for place, (key, item) in enumerate(new.items(), 1):
        if key not in old:
            yield f"{what} '{key[0]}' is new, at place {place}."
            continue
        changes = "; ".join(_of_fields(old[key], item))
        if changes:
            yield f"{what} '{key[0]}': {changes}."
        if key in moved:
            yield f"{what} '{key[0]}' moved to place {place}."


def _by_name(items: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """The items by name; a second one of the same name is told apart by its number."""
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    for item in items:
        number = sum(name == item["name"] for name, _ in found)
        found[item["name"], number] = item
    return found


def _moved(old: list[tuple[str, int]], new: list[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those that stand elsewhere among those that stayed: as few as tell the new order."""
    stayed_old = [key for key in old if key in new]
    stayed_new = [key for key in new if key in old]
    matcher = SequenceMatcher(a=stayed_old, b=stayed_new, autojunk=False)
    kept = {key for block in matcher.get_matching_blocks() for key in stayed_new[block.b : block.b + block.size]}
    return set(stayed_new) - kept


def _of_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield f"{_WORDS.get(name, name)} {_told(old.get(name))} → {_told(new.get(name))}"


def _of_drivers(old: Mapping[str, Sequence[str]], new: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield from (f"Driver '{name}' is gone." for name in old if name not in new)
    for name, providers in new.items():
        if name not in old:
            yield f"Driver '{name}' is new: {_told(providers)}."
        elif old[name] != providers:
            yield f"Driver '{name}': {_told(old[name])} → {_told(providers)}."


def _of_margin(old: float, new: float) -> Iterator[str]:
    if old != new:
        yield f"A preferred driver may be {new:g} points behind, not {old:g}."


def _told(value: Any) -> str:
    """A value in words; nothing said is "open"."""
    if value is None:
        return "open"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_told(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return " or ".join(map(str, value)) or "the best"
    return str(value)
