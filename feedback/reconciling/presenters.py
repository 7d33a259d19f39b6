"""Reconciliation and prices as the JSON of the API."""

from __future__ import annotations

from typing import Any

from feedback.reconciling.check import DatedFinding, PriceReport
from feedback.reconciling.reconcile import BillGroup, Reconciliation
from runs.money import to_usd
from runs.spend.bills import ComparedCall


def reconciliation_payload(found: Reconciliation) -> dict[str, Any]:
    """Our figures against the providers' over some days; null is unknown."""
    return {
        "total": group_payload(found.total),
        "reportShare": found.report_share,
        "months": [group_payload(group) for group in found.months],
        "connections": [group_payload(group) for group in found.connections],
        "providers": [group_payload(group) for group in found.providers],
        "models": [group_payload(group) for group in found.models],
        "modelCount": found.model_count,
        "worst": [call_payload(call) for call in found.worst],
        "sampleCalls": found.sample_count,
        "isSampleWhole": found.is_sample_whole,
    }


def group_payload(group: BillGroup) -> dict[str, Any]:
    """The calls with one thing in common."""
    sums = group.sums
    return {
        "name": group.name,
        "calls": sums.call_count,
        "usd": _usd(sums.cost_nano_usd),
        "compared": {
            "calls": sums.compared_count,
            "computedUsd": _usd(sums.computed_nano_usd),
            "reportedUsd": _usd(sums.reported_nano_usd),
            "residualUsd": _usd(sums.residual_nano_usd),
            "residualShare": sums.residual_share,
            "medianShare": group.median_share,
            "sampleCalls": group.sample_count,
        },
        "reportedAlone": {"calls": sums.billed_count, "usd": _usd(sums.billed_nano_usd)},
        "computedAlone": {"calls": sums.unreported_count, "usd": _usd(sums.unreported_nano_usd)},
        "unknown": {"calls": sums.unknown_count, "usd": _usd(sums.unknown_nano_usd)},
        "corrected": {"lines": sums.corrected_count, "usd": _usd(sums.corrected_nano_usd)},
    }


def call_payload(call: ComparedCall) -> dict[str, Any]:
    """One call with both figures."""
    return {
        "callId": str(call.call_id),
        "at": call.at.isoformat(),
        "runId": str(call.run_id) if call.run_id else None,
        "node": call.node_key,
        "decisionId": call.decision_id or None,
        "connection": call.connection,
        "model": call.model_id,
        "servedModel": call.served_model or None,
        "priceSource": call.price_source,
        "computedUsd": _usd(call.computed_nano_usd),
        "reportedUsd": _usd(call.reported_nano_usd),
        "residualUsd": _usd(call.residual_nano_usd),
        "residualShare": call.residual_share,
    }


def prices_payload(report: PriceReport) -> dict[str, Any]:
    """The newest check of prices."""
    return {
        "checkedAt": report.at.isoformat(),
        "catalogRevision": report.catalog_revision,
        "catalogFetchedAt": report.catalog_fetched_at.isoformat() if report.catalog_fetched_at else None,
        "catalogWarning": report.catalog_warning or None,
        "list": report.list_title,
        "listNewestOn": report.list_newest_on.isoformat() if report.list_newest_on else None,
        "models": report.model_count,
        "modelsListed": report.listed_count,
        "modelsBilled": report.billed_count,
        "modelsWithoutPrice": list(report.unpriced),
        "agreeingPrices": report.agreeing_count,
        "flagged": [_finding_payload(item) for item in report.flagged],
    }


def _finding_payload(item: DatedFinding) -> dict[str, Any]:
    finding = item.finding
    return {
        "model": finding.model_id,
        "direction": finding.direction.value,
        "source": finding.source,
        "catalogUsdPerMtok": float(finding.catalogue_usd),
        "otherUsdPerMtok": float(finding.other_usd),
        "changeShare": finding.change_share,
        "calls": finding.call_count or None,
        "since": item.since.isoformat() if item.since else None,
    }


def _usd(nano_usd: int) -> float:
    return float(to_usd(nano_usd))
