"""What every test can count on."""

from __future__ import annotations
