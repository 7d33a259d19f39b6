"""Money as Swarm's daemon tells it: dollars as texts, beside what the same tokens would cost with Opus."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from runs.money import to_usd
from runs.swarm.figures import Spent

# Swarm's own yardstick, dollars per million tokens; its clients print what it saves.
OPUS_INPUT_USD_PER_MTOK: Final = Decimal(15)
OPUS_OUTPUT_USD_PER_MTOK: Final = Decimal(75)
_MTOK: Final = 1_000_000


def cost_object(session: Spent, today: Spent) -> dict[str, Any]:
    """The daemon's ``cost``: of the session, of today, and the session's fields again on top."""
    own = _told(session)
    return {**own, "session": own, "daily": _told(today)}


def _told(spent: Spent) -> dict[str, Any]:
    usd = to_usd(spent.cost_nano_usd)
    opus = (spent.input_tokens * OPUS_INPUT_USD_PER_MTOK + spent.output_tokens * OPUS_OUTPUT_USD_PER_MTOK) / _MTOK
    return {
        "inputTokens": spent.input_tokens,
        "outputTokens": spent.output_tokens,
        "swarmCost": f"{usd:.6f}",
        "opusEquivalent": f"{opus:.4f}",
        "saved": f"{opus - usd:.4f}",
        "savingsMultiplier": f"{round(opus / usd)}x" if usd else "N/A",
    }
