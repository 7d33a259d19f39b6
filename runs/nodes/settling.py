"""What a call came to, in the ledger's words: answered, failed, or stopped half way."""

from __future__ import annotations

from dataclasses import dataclass, field

from runs.providers.bills import bill_name
from runs.providers.call import CallProgress
from runs.providers.faults import CallFailed
from runs.providers.pricing import price_call
from runs.shapes import CallStatus, ChatResult, Endpoint, Grant, Settlement, Usage
from runs.texts.cleaning import clean_text


@dataclass(slots=True)
class Tally:
    """What all attempts of a node took together."""

    cost_nano_usd: int = 0
    is_uncertain: bool = False
    usage: Usage = field(default_factory=Usage)

    def add(self, settlement: Settlement) -> Settlement:
        """Count a call in; the same settlement back."""
        self.cost_nano_usd += settlement.cost_nano_usd
        self.is_uncertain = self.is_uncertain or settlement.status is CallStatus.UNCERTAIN
        self.usage = _sum(self.usage, settlement.usage)
        return settlement


def settle_answer(grant: Grant, endpoint: Endpoint, answer: ChatResult) -> Settlement:
    """The settlement of a call that was answered."""
    return _priced(grant, endpoint, answer, CallStatus.OK)


def settle_failure(grant: Grant, endpoint: Endpoint, failure: CallFailed) -> Settlement:
    """The settlement of a call that failed: what had come is paid for, a refusal costs nothing.

    Where the request went out and nothing came back, nobody knows: it is charged at what was set aside.
    """
    code = failure.fault.code.value
    if not failure.may_be_billed:
        return Settlement(grant.call_id, CallStatus.FAILED, Usage(), 0, error_code=code)
    if failure.partial is None or not failure.partial.usage.output_tokens:
        return _uncertain(grant, endpoint, failure.partial, code)
    return _priced(grant, endpoint, failure.partial, CallStatus.FAILED, code)


def settle_stopped(grant: Grant, endpoint: Endpoint, progress: CallProgress) -> Settlement:
    """The settlement of a call that we broke off."""
    partial = progress.partial()
    if partial is None:
        return Settlement(grant.call_id, CallStatus.CANCELED, Usage(), 0, error_code="canceled")
    if progress.reader is None:
        return _uncertain(grant, endpoint, partial, "canceled")
    return _priced(grant, endpoint, partial, CallStatus.CANCELED, "canceled")


def _priced(
    grant: Grant, endpoint: Endpoint, answer: ChatResult, status: CallStatus, error_code: str = ""
) -> Settlement:
    cost = price_call(answer, endpoint)
    return Settlement(
        call_id=grant.call_id,
        status=status,
        usage=answer.usage,
        # An endpoint without a price gets no leave; should one have lost it meanwhile, the quote stands.
        cost_nano_usd=grant.amount_nano_usd if cost.cost_nano_usd is None else cost.cost_nano_usd,
        computed_nano_usd=cost.computed_nano_usd,
        reported_nano_usd=cost.reported_nano_usd,
        served_model=clean_text(answer.served_model),
        latency_ms=round(answer.duration_ms),
        first_token_ms=None if answer.first_token_ms is None else round(answer.first_token_ms),
        error_code=error_code,
        bill_name=bill_name(endpoint, answer) if answer.usage.is_estimated and cost.reported_nano_usd is None else "",
    )


def _uncertain(grant: Grant, endpoint: Endpoint, partial: ChatResult | None, error_code: str) -> Settlement:
    return Settlement(
        call_id=grant.call_id,
        status=CallStatus.UNCERTAIN,
        usage=partial.usage if partial else Usage(is_estimated=True),
        cost_nano_usd=grant.amount_nano_usd,
        latency_ms=round(partial.duration_ms) if partial else None,
        error_code=error_code,
        bill_name=bill_name(endpoint, partial) if partial else "",
    )


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        fresh_input_tokens=one.fresh_input_tokens + other.fresh_input_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        reasoning_tokens=one.reasoning_tokens + other.reasoning_tokens,
        is_estimated=one.is_estimated or other.is_estimated,
    )
