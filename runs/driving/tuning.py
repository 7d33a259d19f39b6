"""How a process that drives runs is set up: for many short tasks beside a thread that writes."""

from __future__ import annotations

import gc
import sys
from typing import Final

# The event loop waits this long for a thread that writes to let go of the interpreter; Python's own 5 ms show.
SWITCH_INTERVAL_S: Final = 0.001
# Calls leave little behind that only the collector can free, and its rounds at Python's own thresholds take a
# sixth of the time of a large run.
GC_THRESHOLDS: Final = (10_000, 20, 500)


def tune_process() -> None:
    """Set the interpreter up for driving runs; what is loaded by now is left out of the collector's rounds."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    if gc.get_threshold() != GC_THRESHOLDS:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
