"""Rules, findings and comparisons on the wire."""

from __future__ import annotations

from typing import Any, Final

from routing.policy_versions import CheckedRules, Version
from routing.route_policy import RouteRules
from routing.route_rules import shipped_rules
from routing.rule_documents import document_of, dump_rules
from routing.rule_findings import Finding
from routing.time_machine import TASK_TOKENS, Comparison, Move, Outcome

_MOVES_SHOWN: Final = 500


def rules_payload(rules: RouteRules) -> dict[str, Any]:
    """One version of the rules, as document and as text."""
    return {
        "version": rules.version,
        "isShipped": rules.version == shipped_rules().version,
        "document": document_of(rules),
        "yaml": dump_rules(rules),
    }


def checked_payload(checked: CheckedRules) -> dict[str, Any]:
    """What the linter says."""
    return {"canBeSaved": checked.can_be_saved, "findings": [finding_payload(item) for item in checked.findings]}


def finding_payload(finding: Finding) -> dict[str, Any]:
    """One thing that is wrong or odd."""
    return {
        "severity": finding.severity,
        "code": finding.code,
        "subject": finding.subject,
        "rule": None if finding.rule is None else finding.rule + 1,
        "message": finding.message,
        "advice": finding.advice,
    }


def version_payload(item: Version) -> dict[str, Any]:
    """Who let a version hold, when and why."""
    return {
        "version": item.version,
        "by": item.by or None,
        "note": item.why,
        "at": item.at.isoformat() if item.at else None,
        "ruleCount": item.rule_count,
        "isCurrent": item.is_current,
        "isShipped": item.is_shipped,
    }


def comparison_payload(found: Comparison) -> dict[str, Any]:
    """What would be different, in totals and decision by decision."""
    return {
        "replayed": len(found.moves),
        "asked": found.asked_count,
        "changed": len(found.changed),
        "withoutModel": found.lost_count,
        "taskTokens": TASK_TOKENS,
        "presentUsd": float(found.present_usd),
        "proposedUsd": float(found.proposed_usd),
        "differenceUsd": float(found.difference_usd),
        "pricedCount": len(found.priced),
        "meanScoreDifference": None if found.mean_score_difference is None else round(found.mean_score_difference, 3),
        "swaps": [{"from": item.before or None, "to": item.after or None, "count": item.count} for item in found.swaps],
        "decisions": [move_payload(item) for item in found.changed[:_MOVES_SHOWN]],
    }


def move_payload(move: Move) -> dict[str, Any]:
    """One decision that would be another."""
    cost = move.cost_difference_usd
    return {
        "decisionId": move.past.decision_id,
        "madeAt": move.past.made_at.isoformat(),
        "kind": move.past.kind,
        "changes": list(move.changes),
        "present": outcome_payload(move.present),
        "proposed": outcome_payload(move.proposed),
        "costDifferenceUsd": None if cost is None else float(cost),
        "scoreDifference": move.score_difference,
    }


def outcome_payload(outcome: Outcome) -> dict[str, Any]:
    """What one of the two worlds answers."""
    best, cost = outcome.best, outcome.expected_usd
    return {
        "models": list(outcome.ids),
        "score": best.score if best else None,
        "expectedUsd": None if cost is None else float(cost),
        "tier": outcome.tier or None,
        "driverKind": outcome.driver or None,
        "confirmationRequired": outcome.is_confirmation_required,
        "refusal": outcome.refusal or None,
    }
