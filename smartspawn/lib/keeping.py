"""What a part of the product keeps, for how long, and how what is too old goes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

# So many rows go in one transaction: nobody waits for the database much longer than for one write.
BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class Keeping:
    """One kind of thing that grows old; what is kept for ever has neither days nor a way to go."""

    key: str  # "artifacts": how the command calls it
    title: str
    words: str  # what goes, and what of it stays
    tables: tuple[str, ...]  # where it lies
    setting: str = ""  # the name of the setting that says how long; empty: it is not one to be set
    kept_days: int = 0  # 0: for ever
    count_due: Callable[[datetime], int] | None = None  # what would go, as of an instant
    prune: Callable[[datetime], int] | None = None  # let it go, in small batches; how many

    @property
    def is_prunable(self) -> bool:
        """Whether any of it ever goes."""
        return self.prune is not None

    @property
    def how_long(self) -> str:
        """For how long it is kept, for people."""
        if self.kept_days:
            return f"{self.kept_days} day{'' if self.kept_days == 1 else 's'}"
        return "while needed" if self.is_prunable and not self.setting else "for ever"
