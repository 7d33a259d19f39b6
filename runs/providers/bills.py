"""What a provider billed for a call that was broken off, where the provider can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from runs.providers.json_reading import decimal_at, decode, dig
from runs.providers.openai_chat import MOST_USD_A_CALL
from runs.shapes import ChatResult, Endpoint

# OpenRouter keeps each call under the name that it gave it, with what it billed; it is there some seconds later,
# and for makers who go on writing after the caller left, once they are done. The simulator does likewise.
_KEEPERS: Final = frozenset({"openrouter", "simulator"})
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class BillAddress:
    """Where a bill can be asked for; the headers hold the secret."""

    url: str
    headers: Mapping[str, str]


def bill_name(endpoint: Endpoint, answer: ChatResult) -> str:
    """What the bill of this call is kept under; "" where the provider keeps none, or has not named the call."""
    is_kept = endpoint.provider in _KEEPERS and 0 < len(answer.request_id) <= _LONGEST_NAME
    return answer.request_id if is_kept else ""


def bill_address(base_url: str, secret: str, name: str) -> BillAddress:
    """The request for a bill."""
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    return BillAddress(f"{base_url.rstrip('/')}/generation?{urlencode({'id': name})}", headers)


def read_bill(body: bytes) -> Decimal | None:
    """What was billed, in dollars; None where the answer does not say, or says what no call can come to.

    Where the caller's own key was used at the maker, what that bills comes on top.
    """
    told = dig(decode(body), "data")
    cost, upstream = decimal_at(told, "total_cost"), decimal_at(told, "upstream_inference_cost")
    bill = cost + upstream if cost is not None and upstream is not None and dig(told, "is_byok") is True else cost
    return None if bill is None or bill > MOST_USD_A_CALL else bill
