"""The form of limits: as it is written, and as it is read back by the rules of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict

from routing.limits_inputs import LimitsInput
from routing.shapes import Limits
from routing.views.policy_fields import words_of

LISTS: Final = ("allowModels", "denyModels", "allowProviders", "denyProviders")
PRICES: Final = ("maxPromptUsdPerMtok", "maxCompletionUsdPerMtok")
NO_LIMITS: Final = Limits()
SWITCHES: Final = ("moderatedOnly", "excludeFree")


@dataclass(frozen=True, slots=True)
class LimitsForm:
    """The fields as they were typed, with what they mean or what is wrong with them."""

    said: Mapping[str, Any]
    limits: Limits = NO_LIMITS
    why: str = ""
    errors: Mapping[str, Any] = field(default_factory=dict)


def form_of(limits: Limits) -> LimitsForm:
    """The form for limits that hold."""
    prices = limits.max_prompt_usd_per_mtok, limits.max_completion_usd_per_mtok
    said = {
        "allowModels": "\n".join(sorted(limits.allow_models)),
        "denyModels": "\n".join(sorted(limits.deny_models)),
        "allowProviders": ", ".join(sorted(limits.allow_providers)),
        "denyProviders": ", ".join(sorted(limits.deny_providers)),
        **{name: "" if price is None else f"{price.normalize():f}" for name, price in zip(PRICES, prices, strict=True)},
        "moderatedOnly": limits.is_moderated_only,
        "excludeFree": limits.is_free_excluded,
    }
    return LimitsForm(said, limits)


def read_limits_form(data: QueryDict) -> LimitsForm:
    """The form as it was posted."""
    said: dict[str, Any] = {name: data.get(name, "") for name in (*LISTS, *PRICES)}
    said |= {name: bool(data.get(name)) for name in SWITCHES}
    why = data.get("why", "").strip()
    given = LimitsInput(
        data={
            **{name: list(words_of(said[name])) for name in LISTS},
            **{name: said[name].strip().replace(",", ".").removeprefix("$") or None for name in PRICES},
            **{name: said[name] for name in SWITCHES},
            "why": why,
        }
    )
    if not given.is_valid():
        return LimitsForm(said, why=why, errors={name: _words(fault) for name, fault in given.errors.items()})
    return LimitsForm(said, given.to_request(), why)


def _words(fault: Any) -> list[str]:
    """What is wrong with a field; of a list, with its first wrong item."""
    if isinstance(fault, Mapping):
        return [str(word) for faults in fault.values() for word in faults][:1]
    return [str(word) for word in fault]
