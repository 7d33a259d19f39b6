"""Agents for every test here."""

from tests.runs.harness.agents import agents

__all__ = ["agents"]
