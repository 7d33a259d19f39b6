"""The same ground as the stories about runs."""

from tests.runs.conftest import world

__all__ = ["world"]
