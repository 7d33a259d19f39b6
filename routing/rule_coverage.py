"""Which rules ever decide anything, and for which work no rule decides: exactly, over the whole grid. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Final

from routing.route_policy import Conditions, Kickoff, RouteRule, fits_surroundings
from routing.rule_witnesses import bare_kickoff, witnesses_of
from routing.shapes import Complexity, Risk, TaskType

Cell = tuple[TaskType, Complexity, Risk]
Mask = int  # one bit for each cell

CELLS: Final[tuple[Cell, ...]] = tuple(product(TaskType, Complexity, Risk))
EVERYWHERE: Final[Mask] = (1 << len(CELLS)) - 1
OUTCOMES: Final[Mapping[str, Callable[[RouteRule], object]]] = {
    "tier": lambda rule: rule.tier,
    "drivers": lambda rule: rule.drivers,
    "confirmation": lambda rule: rule.confirm,
}
# Two hundred rules of ten words each take some hundred thousand looks; what takes more is not waited for.
MAX_LOOKS: Final = 400_000


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of one rule."""

    place: int
    can_fit: bool
    live: frozenset[str]  # outcomes that it decides for some kickoff
    shadowed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # the others, with who decides first
    is_checked: bool = True

    @property
    def is_unreachable(self) -> bool:
        """Whether it could fit, but never decides anything."""
        return self.is_checked and self.can_fit and not self.live


def coverage_of(rules: Sequence[RouteRule]) -> tuple[Coverage, ...]:
    """For every rule, which of its outcomes ever count."""
    looks_left = [MAX_LOOKS]
    return tuple(_cover(place, rules, looks_left) for place in range(len(rules)))


def gaps_of(rules: Sequence[RouteRule], outcome: str) -> Mask:
    """The cells in which a task without surroundings gets this outcome from no rule."""
    bare, named = bare_kickoff(), OUTCOMES[outcome]
    covered = 0
    for rule in rules:
        if named(rule) is not None and fits_surroundings(rule.when, bare):
            covered |= mask_of(rule.when)
    return EVERYWHERE & ~covered


def leaves_unclassified(rules: Sequence[RouteRule], outcome: str) -> bool:
    """Whether a task that is only a category's name, and so has no labels, gets this outcome from no rule."""
    bare, named = bare_kickoff(), OUTCOMES[outcome]
    return not any(
        named(rule) is not None
        and not (rule.when.task_type or rule.when.complexity or rule.when.risk)
        and fits_surroundings(rule.when, bare)
        for rule in rules
    )


def mask_of(when: Conditions) -> Mask:
    """The cells that the three labels' conditions fit."""
    return _mask(when.task_type, when.complexity, when.risk)


@lru_cache(maxsize=1024)
def _mask(task_types: tuple[str, ...], complexities: tuple[str, ...], risks: tuple[str, ...]) -> Mask:
    total = 0
    for place, (task_type, complexity, risk) in enumerate(CELLS):
        is_in = (
            (not task_types or task_type in task_types)
            and (not complexities or complexity in complexities)
            and (not risks or risk in risks)
        )
        total |= is_in << place
    return total


def _cover(place: int, rules: Sequence[RouteRule], looks_left: list[int]) -> Coverage:
    rule = rules[place]
    named = [name for name, of in OUTCOMES.items() if of(rule) is not None]
    witnesses = witnesses_of(rule.when)
    if not witnesses.kickoffs and witnesses.are_all:
        return Coverage(place, can_fit=False, live=frozenset())
    former = _former(place, rules)
    live: set[str] = set()
    blamed: dict[str, set[int]] = {name: set() for name in named}
    for witness in witnesses.kickoffs:
        looks_left[0] -= len(former)
        if looks_left[0] < 0:
            return Coverage(place, can_fit=True, live=frozenset(named), is_checked=False)
        for name in [name for name in named if name not in live]:
            left, blame = _left(rule, former, witness, name, rules)
            blamed[name] |= blame
            if left:
                live.add(name)
        if len(live) == len(named):
            break
    if not witnesses.are_all and len(live) < len(named):
        return Coverage(place, can_fit=True, live=frozenset(named), is_checked=False)
    shadowed = {name: tuple(sorted(blamed[name])) for name in named if name not in live}
    return Coverage(place, can_fit=True, live=frozenset(live), shadowed=shadowed)


def _former(place: int, rules: Sequence[RouteRule]) -> list[int]:
    """The earlier rules that share a cell with this one."""
    mine = mask_of(rules[place].when)
    return [earlier for earlier in range(place) if mask_of(rules[earlier].when) & mine]


def _left(
    rule: RouteRule, former: Sequence[int], witness: Kickoff, name: str, rules: Sequence[RouteRule]
) -> tuple[Mask, set[int]]:
    """The cells in which this kickoff still gets the outcome from the rule, and who takes the others."""
    left, blame = mask_of(rule.when), set()
    for earlier in former:
        taken = left & mask_of(rules[earlier].when)
        if taken and OUTCOMES[name](rules[earlier]) is not None and fits_surroundings(rules[earlier].when, witness):
            left &= ~taken
            blame.add(earlier)
    return left, blame


# --- cells in words ------------------------------------------------------------------------------


def describe(mask: Mask, *, most: int = 4) -> str:
    """The cells in few words: kinds of work that share the same rows are told together."""
    by_rows: dict[Mask, list[str]] = {}
    for task_type in TaskType:
        rows = _rows(mask, task_type)
        if rows:
            by_rows.setdefault(rows, []).append(task_type)
    told = [f"{_any(kinds, len(TaskType), 'any work')} {_told(rows)}" for rows, kinds in by_rows.items()]
    more = f"; and {len(told) - most} groups more" if len(told) > most else ""
    return "; ".join(told[:most]) + more


def _rows(mask: Mask, task_type: TaskType) -> Mask:
    """The nine cells of one kind of work."""
    width = len(Complexity) * len(Risk)
    return (mask >> (list(TaskType).index(task_type) * width)) & ((1 << width) - 1)


def _told(rows: Mask) -> str:
    by_risks: dict[tuple[str, ...], list[str]] = {}
    for place, complexity in enumerate(Complexity):
        of_one = rows >> (place * len(Risk))
        risks = tuple(str(risk) for number, risk in enumerate(Risk) if of_one >> number & 1)
        if risks:
            by_risks.setdefault(risks, []).append(complexity)
    return ", ".join(_pair(complexities, risks) for risks, complexities in by_risks.items())


def _pair(complexities: Sequence[str], risks: Sequence[str]) -> str:
    return f"({_any(complexities, len(Complexity), 'any complexity')}, {_any(risks, len(Risk), 'any')} risk)"


def _any(words: Sequence[str], count: int, everything: str) -> str:
    return everything if len(words) == count else " or ".join(words)


def cells_in(mask: Mask) -> Iterator[Cell]:
    """The cells of a mask."""
    return (cell for place, cell in enumerate(CELLS) if mask >> place & 1)
