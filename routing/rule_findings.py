"""What a linter says of rules: each finding names the rule, how bad it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps the rules from being saved; a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or odd, about rules."""

    severity: Severity
    code: str  # "unreachable", "gap", "unknown-model"
    subject: str  # "rule 'hard work'", "tier 'fast'", "the grid"
    message: str
    advice: str
    rule: int | None = None  # the rule's place

    @property
    def is_error(self) -> bool:
        """Whether it keeps the rules from being saved."""
        return self.severity is Severity.ERROR


def error(code: str, subject: str, message: str, advice: str, rule: int | None = None) -> Finding:
    """A finding that keeps the rules from being saved."""
    return Finding(Severity.ERROR, code, subject, message, advice, rule)


def warning(code: str, subject: str, message: str, advice: str, rule: int | None = None) -> Finding:
    """A finding that is shown."""
    return Finding(Severity.WARNING, code, subject, message, advice, rule)
