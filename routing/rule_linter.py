"""The linter of routing rules: what can never be used, what never counts, what no rule decides. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from catalog.shapes import Entry
from routing.classifier.heads import SUB_DIMENSIONS
from routing.route_policy import LANGUAGES_BY_SUFFIX, Conditions, RouteRules
from routing.rule_coverage import OUTCOMES, Coverage, coverage_of, describe, gaps_of, leaves_unclassified
from routing.rule_documents import faults_of
from routing.rule_findings import Finding, Severity, error, warning
from routing.rule_market import lint_market

_DEFAULTS = {
    "tier": "the highest tier",
    "drivers": "whichever driver runs the best model",
    "confirmation": "a question to a person",
}
_GRID = "the grid"


def lint(rules: RouteRules, entries: Sequence[Entry]) -> tuple[Finding, ...]:
    """All that is wrong or odd about the rules beside these models, errors first, then in the order of the rules."""
    faults = tuple(
        error("unusable", _subject(rules, fault.rule), f"{fault.words[:1].upper()}{fault.words[1:]}.", "", fault.rule)
        for fault in faults_of(rules)
    )
    found = [*faults, *_lint_words(rules), *_lint_names(rules), *_lint_coverage(rules), *_lint_gaps(rules)]
    if not faults:
        found += [*lint_market(rules, entries), *_lint_unused(rules)]
    return tuple(sorted(found, key=_order))


def has_errors(findings: Sequence[Finding]) -> bool:
    """Whether anything keeps the rules from being saved."""
    return any(finding.is_error for finding in findings)


def _order(finding: Finding) -> tuple[bool, int]:
    return finding.severity is not Severity.ERROR, -1 if finding.rule is None else finding.rule


def _subject(rules: RouteRules, place: int | None) -> str:
    return "the rules" if place is None else f"rule {place + 1}, '{rules.rules[place].name}'"


# --- words ---------------------------------------------------------------------------------------


def _lint_words(rules: RouteRules) -> Iterator[Finding]:
    for place, rule in enumerate(rules.rules):
        subject = _subject(rules, place)
        for message, advice in _odd_words(rule.when):
            yield warning("odd-word", subject, message, advice, place)
        for words in (*_lists(rule.when), rule.drivers or ()):
            for word, count in Counter(words).items():
                if count > 1:
                    message = f"'{word}' stands {count} times in one list."
                    yield warning("duplicate", subject, message, "Once will do.", place)


def _lists(when: Conditions) -> tuple[Sequence[str], ...]:
    return when.task_type, when.complexity, when.risk, when.stack, when.language, when.paths


def _odd_words(when: Conditions) -> Iterator[tuple[str, str]]:
    known = sorted(set(LANGUAGES_BY_SUFFIX.values()))
    for word in sorted(set(when.language) - set(known)):
        yield f"No file or stack tells the language '{word}'.", f"Use any of: {', '.join(known)}."
    for word in filter(_has_capitals, when.stack):
        yield f"'{word}' never fits: a stack is compared in small letters.", f"Write '{word.lower()}'."
    for pattern in filter(_has_backslash, when.paths):
        yield f"'{pattern}' never fits: paths are compared with '/'.", "Write '/' for each '\\'."
    for name, least in when.sub_dimensions.items():
        if name not in SUB_DIMENSIONS:
            yield f"The classifier has no '{name}'.", f"Use any of: {', '.join(SUB_DIMENSIONS)}."
        elif not 0 <= least <= 1:
            yield f"'{name}' runs from 0 to 1; {least:g} is outside.", "Take a number between."


def _has_capitals(word: str) -> bool:
    return word != word.lower()


def _has_backslash(pattern: str) -> bool:
    return "\\" in pattern


def _lint_names(rules: RouteRules) -> Iterator[Finding]:
    for name, count in Counter(rule.name for rule in rules.rules).items():
        if count > 1:
            message = f"{count} rules are called '{name}', so a rationale does not tell which of them decided."
            yield warning("duplicate-name", f"rule '{name}'", message, "Give each a name of its own.")


# --- what ever counts ----------------------------------------------------------------------------


def _lint_coverage(rules: RouteRules) -> Iterator[Finding]:
    for coverage in coverage_of(rules.rules):
        rule, subject, place = rules.rules[coverage.place], _subject(rules, coverage.place), coverage.place
        if not any(of(rule) is not None for of in OUTCOMES.values()):
            continue  # that it decides nothing is said already
        if not coverage.can_fit or _asks_the_impossible(rule.when):
            advice = "Correct or remove its conditions; the warnings beside it name the words."
            yield error("never-fits", subject, "Its conditions can never hold together.", advice, place)
        elif not coverage.is_checked:
            message = "It has too many words to be checked against the rules above it."
            yield warning("unchecked", subject, message, "Split it, or use patterns.", place)
        elif coverage.is_unreachable:
            yield _unreachable(rules, coverage)
        else:
            yield from _half_shadowed(rules, coverage)


def _asks_the_impossible(when: Conditions) -> bool:
    """Beyond one, or of a name that no classifier answers with, no sub-dimension ever is."""
    return any(
        least > 0 and (name not in SUB_DIMENSIONS or not least <= 1) for name, least in when.sub_dimensions.items()
    )


def _unreachable(rules: RouteRules, coverage: Coverage) -> Finding:
    place, subject = coverage.place, _subject(rules, coverage.place)
    blamed = tuple(dict.fromkeys(earlier for names in coverage.shadowed.values() for earlier in names))
    twin = next((earlier for earlier in blamed if rules.rules[earlier].when == rules.rules[place].when), None)
    if twin is not None:
        message = f"It has the conditions of {_subject(rules, twin)}, which decides the same things first."
        return error("duplicate", subject, message, "Remove one of the two.", place)
    message = f"It never decides anything: {_by_whom(rules, blamed)} always decide{_s(blamed)} first."
    return error("unreachable", subject, message, "Move it above, narrow the rules above it, or remove it.", place)


def _half_shadowed(rules: RouteRules, coverage: Coverage) -> Iterator[Finding]:
    for name, blamed in coverage.shadowed.items():
        message = f"Its {name} never counts: {_by_whom(rules, blamed)} always decide{_s(blamed)} that first."
        advice = f"Leave its {name} open, or move it above."
        yield warning("half-shadowed", _subject(rules, coverage.place), message, advice, coverage.place)


def _by_whom(rules: RouteRules, places: Sequence[int]) -> str:
    names = [_subject(rules, place) for place in places]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} together"


def _s(places: Sequence[int]) -> str:
    return "s" if len(places) == 1 else ""


# --- what no rule decides ------------------------------------------------------------------------


def _lint_gaps(rules: RouteRules) -> Iterator[Finding]:
    advice = "Add a last rule without conditions that says it."
    for name in OUTCOMES:
        gaps = gaps_of(rules.rules, name)
        if gaps:
            message = f"No rule says the {name} for {gaps.bit_count()} of 72 kinds of work: {describe(gaps)}. "
            yield warning("gap", _GRID, f"{message}They get {_DEFAULTS[name]}.", advice)
        elif leaves_unclassified(rules.rules, name):
            message = f"No rule says the {name} for a task that is only a category's name. It gets {_DEFAULTS[name]}."
            yield warning("gap", _GRID, message, advice)


def _lint_unused(rules: RouteRules) -> Iterator[Finding]:
    named = {rule.tier for rule in rules.rules}
    for tier in rules.tiers[:-1]:  # the highest is the careful default
        if tier.name not in named:
            message = "No rule leads to it; it only takes over where a lower tier has nothing left."
            yield warning("unused-tier", f"tier '{tier.name}'", message, "Name it in a rule, or take it out.")
