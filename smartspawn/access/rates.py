"""How often something may happen, as people write it: ``200/min``, ``2/h``, ``10/5min``, ``off``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNIT_SECONDS = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
_FORM = re.compile(r"(?P<count>\d{1,6})\s*/\s*(?P<factor>\d{0,4})\s*(?P<unit>[a-z]+)")
MAX_HITS = 100_000  # every accepted hit within the window is remembered, at eight bytes each


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many hits in any window of so many seconds."""

    hit_count: int
    window_s: int

    def __str__(self) -> str:
        return f"{self.hit_count} in {self.window_s} s"


def parse_rate(text: str) -> Rate | None:
    """The rate that the text names, None for "off"; a ValueError says how to write one."""
    wanted = text.strip().lower()
    if wanted == "off":
        return None
    found = _FORM.fullmatch(wanted)
    if found is None or found["unit"] not in _UNIT_SECONDS:
        raise ValueError(f"{text!r} is not a rate. Write 200/min, 2/h, 10/5min or off.")
    rate = Rate(int(found["count"]), int(found["factor"] or 1) * _UNIT_SECONDS[found["unit"]])
    if not (0 < rate.hit_count <= MAX_HITS and rate.window_s > 0):
        raise ValueError(f"{text!r} is out of range: 1 to {MAX_HITS} hits in at least one second, or off.")
    return rate
