"""Rules, tiers and drivers as the editor's tables show them: in words, with the fields of the opened one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.shapes import Budget
from routing.classifier.heads import SUB_DIMENSIONS
from routing.policy_draft import count_of
from routing.route_policy import LANGUAGES_BY_SUFFIX, Conditions, RouteRule, RouteRules, RouteTier
from routing.rule_documents import MAX_PREFERENCE
from routing.rule_findings import Finding
from routing.shapes import Complexity, Risk, TaskType
from routing.views.policy_fields import OPEN_WORDS, driver_words, fields_of
from routing.views.policy_form import Editor

WORDS_SHOWN: Final = 6  # of one condition; the rest is counted
CONFIRM_CHOICES: Final = (("", OPEN_WORDS), ("yes", "ask a person"), ("no", "go ahead"))
PREFERENCE_CHOICES: Final = (
    ("", "score alone, ties by price"),
    ("0", "0: every cent counts"),
    *((str(number), str(number)) for number in range(1, MAX_PREFERENCE)),
    (str(MAX_PREFERENCE), f"{MAX_PREFERENCE}: quality alone"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a table."""

    kind: str
    place: int
    name: str
    cells: tuple[Any, ...]
    findings: tuple[Finding, ...]
    fields: Mapping[str, Any] | None  # of the opened one
    is_first: bool
    is_last: bool
    focus: str = ""

    @property
    def key(self) -> str:
        """How acts name it."""
        return f"{self.kind}:{self.place}"

    @property
    def slug(self) -> str:
        """Its place, as ids are written."""
        return str(self.place)

    @property
    def is_moved_up(self) -> bool:
        """Whether it just moved up, and a keyboard goes on from there."""
        return self.focus == f"up-{self.kind}-{self.place}"

    @property
    def is_moved_down(self) -> bool:
        """Whether it just moved down."""
        return self.focus == f"down-{self.kind}-{self.place}"

    @property
    def number(self) -> int:
        """How people count it."""
        return self.place + 1

    @property
    def has_error(self) -> bool:
        """Whether a finding about it keeps the rules from being saved."""
        return any(item.is_error for item in self.findings)


def rule_rows(editor: Editor, findings: Sequence[Finding]) -> list[Row]:
    """The rules in their order."""
    of_rule: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.rule is not None:
            of_rule.setdefault(finding.rule, []).append(finding)
    return [
        _row(editor, ("rule", place), rule.name, _rule_cells(rule), of_rule.get(place, ()))
        for place, rule in enumerate(editor.rules.rules)
    ]


def tier_rows(editor: Editor, findings: Sequence[Finding]) -> list[Row]:
    """The tiers from the lowest."""
    return [
        _row(editor, ("tier", place), tier.name, _tier_cells(tier), _about(findings, f"tier '{tier.name}'"))
        for place, tier in enumerate(editor.rules.tiers)
    ]


def driver_rows(editor: Editor, findings: Sequence[Finding]) -> list[Row]:
    """The drivers in the order in which equals are asked."""
    return [
        _row(editor, ("driver", place), name, (_reach(providers),), _about(findings, f"driver '{name}'"))
        for place, (name, providers) in enumerate(editor.rules.drivers.items())
    ]


def choices_of(rules: RouteRules) -> dict[str, Any]:
    """What the fields offer."""
    return {
        "task_types": list(TaskType),
        "complexities": list(Complexity),
        "risks": list(Risk),
        "tiers": [("", OPEN_WORDS), *((tier.name, tier.name) for tier in rules.tiers)],
        "confirms": CONFIRM_CHOICES,
        "budgets": [(budget, _budget_words(budget)) for budget in Budget],
        "preferences": PREFERENCE_CHOICES,
        "sub_dimensions": ", ".join(SUB_DIMENSIONS),
        "languages": ", ".join(sorted(set(LANGUAGES_BY_SUFFIX.values()))),
        "driver_names": ", ".join(rules.drivers),
    }


def condition_words(when: Conditions) -> list[tuple[str, str]]:
    """The conditions in words, each with its name; none for a rule that always fits."""
    lists: tuple[tuple[str, Sequence[str]], ...] = (
        ("type", when.task_type),
        ("complexity", when.complexity),
        ("risk", when.risk),
        ("stack", when.stack),
        ("language", when.language),
        ("paths", when.paths),
    )
    told = [(name, _some(words)) for name, words in lists if words]
    return [*told, *((name.replace("_", " "), f"{least:g} or more") for name, least in when.sub_dimensions.items())]


def _row(editor: Editor, item: tuple[str, int], name: str, cells: tuple[Any, ...], findings: Sequence[Finding]) -> Row:
    kind, place = item
    is_open = editor.opened == item
    typed = _typed(editor) if is_open and editor.said is not None else None
    return Row(
        kind,
        place,
        name,
        cells,
        tuple(findings),
        fields=(typed or fields_of(editor.rules, kind, place)) if is_open else None,
        is_first=place == 0,
        is_last=place == count_of(editor.rules, kind) - 1,
        focus=editor.focus,
    )


def _typed(editor: Editor) -> dict[str, Any]:
    """The fields as they were typed, where they could not be read."""
    said = editor.said
    lists = ("task_type", "complexity", "risk")
    return {} if said is None else {name: said.getlist(name) if name in lists else said.get(name) for name in said}


def _rule_cells(rule: RouteRule) -> tuple[Any, ...]:
    drivers = "" if rule.drivers is None else (driver_words(rule.drivers) if rule.drivers else "whoever is best")
    confirm = {True: "ask a person", False: "go ahead", None: ""}[rule.confirm]
    return (condition_words(rule.when), rule.tier or "", drivers, confirm)


def _tier_cells(tier: RouteTier) -> tuple[Any, ...]:
    ceiling = tier.max_prompt_usd_per_mtok
    return (
        _budget_words(tier.budget),
        "score alone" if tier.preference is None else f"{tier.preference} of {MAX_PREFERENCE}",
        "" if ceiling is None else f"${ceiling:f}",
        _some(tier.models) if tier.models else "all",
    )


def _budget_words(budget: Budget) -> str:
    low, high = BUDGET_RANGES_USD_PER_MTOK[budget]
    return f"{budget}: any known price" if high is None else f"{budget}: ${low} to ${high} per M in"


def _reach(providers: Sequence[str]) -> str:
    return "every provider" if "*" in providers else ", ".join(providers)


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - WORDS_SHOWN} more" if len(words) > WORDS_SHOWN else ""
    return ", ".join(words[:WORDS_SHOWN]) + more


def _about(findings: Sequence[Finding], subject: str) -> list[Finding]:
    return [finding for finding in findings if finding.subject == subject]
