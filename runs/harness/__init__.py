"""Command-line agents as workers: started in an allowed folder, watched, and ended with everything they started.

Off unless the setting HARNESSES names them. Which commands are run stands in ``drivers.py`` and nowhere else.
"""

from runs.harness.drivers import DRIVERS
from runs.harness.run import enabled_harnesses, run_harness
from runs.harness.shapes import HarnessFailed, HarnessReport, HarnessResult

__all__ = ["DRIVERS", "HarnessFailed", "HarnessReport", "HarnessResult", "enabled_harnesses", "run_harness"]
