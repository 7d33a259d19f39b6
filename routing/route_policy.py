"""From a classified kickoff to a tier, a driver and a confirmation, by versioned rules. Everything here is pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final, TypeVar

from catalog.shapes import Budget
from routing.shapes import Classification, Complexity, Risk, TaskType

ANY_PROVIDER: Final = "*"

LANGUAGES_BY_SUFFIX: Final[Mapping[str, str]] = {
    ".py": "python",
    ".pyi": "python",
    ".ts": "typescript",
    ".tsx": "typescript",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".vue": "javascript",
    ".svelte": "javascript",
    ".rs": "rust",
    ".go": "go",
    ".java": "java",
    ".kt": "kotlin",
    ".scala": "scala",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".hpp": "cpp",
    ".cs": "csharp",
    ".rb": "ruby",
    ".php": "php",
    ".swift": "swift",
    ".ex": "elixir",
    ".exs": "elixir",
    ".sql": "sql",
    ".sh": "bash",
    ".ps1": "powershell",
    ".tf": "terraform",
    ".css": "css",
    ".scss": "css",
    ".html": "html",
    ".zig": "zig",
    ".s": "assembly",
    ".asm": "assembly",
}


@dataclass(frozen=True, slots=True)
class RouteTier:
    """How much a kind of work may cost, and how far quality counts before cost."""

    name: str
    budget: Budget
    preference: int | None = None
    max_prompt_usd_per_mtok: Decimal | None = None
    models: tuple[str, ...] = ()  # these model ids alone; empty: every model


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a rule fits: all of these; an empty one always does, and of a list any word will do."""

    task_type: tuple[TaskType, ...] = ()
    complexity: tuple[Complexity, ...] = ()
    risk: tuple[Risk, ...] = ()
    stack: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()  # shell patterns; "*" also spans folders
    sub_dimensions: Mapping[str, float] = field(default_factory=dict)  # each at least this


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One rule; an outcome that it does not name is left to the rules below it."""

    name: str
    when: Conditions = Conditions()
    tier: str | None = None
    drivers: tuple[str, ...] | None = None  # in order of preference; empty: whoever has the best model
    confirm: bool | None = None


@dataclass(frozen=True, slots=True)
class RouteRules:
    """One version of the whole policy."""

    version: str
    drivers: Mapping[str, tuple[str, ...]]
    tiers: tuple[RouteTier, ...]  # from the lowest
    rules: tuple[RouteRule, ...]
    driver_margin_score: float = 15.0

    def tier(self, name: str) -> RouteTier:
        """The tier of this name, the highest for one that this version does not have."""
        return next((tier for tier in self.tiers if tier.name == name), self.tiers[-1])

    def height(self, name: str) -> int:
        """The place of a tier, counted from the lowest."""
        return self.tiers.index(self.tier(name))


@dataclass(frozen=True, slots=True)
class Kickoff:
    """What is known when a task starts."""

    classification: Classification
    stack: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say about a kickoff, and which of them said it."""

    tier: str
    drivers: tuple[str, ...]
    is_confirmation_required: bool
    tier_rule: str
    driver_rule: str
    confirmation_rule: str


NO_RULE: Final = "no rule"  # stands where no rule names an outcome

Outcome = TypeVar("Outcome")


def make_kickoff(classification: Classification, files: Sequence[str], stack: Sequence[str]) -> Kickoff:
    """The kickoff with the languages that files and stack tell of."""
    words = tuple(dict.fromkeys(word.lower() for word in stack))
    paths = tuple(path.replace("\\", "/") for path in files)
    suffixes = (PurePosixPath(path).suffix.lower() for path in paths)
    told = [LANGUAGES_BY_SUFFIX[suffix] for suffix in suffixes if suffix in LANGUAGES_BY_SUFFIX]
    known = set(LANGUAGES_BY_SUFFIX.values())
    languages = tuple(dict.fromkeys([*told, *(word for word in words if word in known)]))
    return Kickoff(classification, words, languages, paths)


def judge(kickoff: Kickoff, rules: RouteRules) -> Verdict:
    """What the rules say: for each outcome the first rule that fits and names it."""
    fitting = [rule for rule in rules.rules if fits(rule.when, kickoff)]
    tier, tier_rule = _first(fitting, lambda rule: rule.tier, rules.tiers[-1].name)
    nobody: tuple[str, ...] = ()
    drivers, driver_rule = _first(fitting, lambda rule: rule.drivers, nobody)
    confirm, confirmation_rule = _first(fitting, lambda rule: rule.confirm, True)
    return Verdict(tier, drivers, confirm, tier_rule, driver_rule, confirmation_rule)


def fits(when: Conditions, kickoff: Kickoff) -> bool:
    """Whether every condition holds."""
    said = kickoff.classification
    return (
        _is_any(when.task_type, (said.task_type.value,))
        and _is_any(when.complexity, (said.complexity.value,))
        and _is_any(when.risk, (said.risk.value,))
        and fits_surroundings(when, kickoff)
    )


def fits_surroundings(when: Conditions, kickoff: Kickoff) -> bool:
    """Whether the conditions beside the three labels hold; the more a kickoff has of them, the more do."""
    subs = kickoff.classification.sub_dimensions
    return (
        _is_any(when.stack, kickoff.stack)
        and _is_any(when.language, kickoff.languages)
        and (not when.paths or any(_is_path(path, when.paths) for path in kickoff.files))
        and all(subs.get(name, 0.0) >= least for name, least in when.sub_dimensions.items())
    )


def driver_of(provider: str, allowed: Sequence[str], rules: RouteRules) -> str:
    """The allowed driver that runs this provider's models: its own rather than one for everybody."""
    own = [name for name in allowed if provider in rules.drivers[name]]
    general = [name for name in allowed if ANY_PROVIDER in rules.drivers[name]]
    return (own or general or list(allowed))[0]


def providers_of(drivers: Sequence[str], rules: RouteRules) -> frozenset[str]:
    """The providers that these drivers reach; empty for all of them."""
    reached = frozenset(provider for name in drivers for provider in rules.drivers[name])
    return frozenset() if ANY_PROVIDER in reached else reached


def _first(
    rules: Sequence[RouteRule], outcome: Callable[[RouteRule], Outcome | None], default: Outcome
) -> tuple[Outcome, str]:
    """The outcome of the first rule that has one, with the rule's name; nothing said is the careful default."""
    for rule in rules:
        value = outcome(rule)
        if value is not None:
            return value, rule.name
    return default, NO_RULE


def _is_any(wanted: Sequence[str], given: Sequence[str]) -> bool:
    return not wanted or any(word in wanted for word in given)


def _is_path(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path fits a pattern, from the root or from any folder on."""
    return any(fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}") for pattern in patterns)
