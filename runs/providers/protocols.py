"""The module of each protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runs.providers import anthropic_messages, gemini_generate, openai_chat
from runs.providers.wire import ProtocolModule
from runs.shapes import Protocol

PROTOCOLS: Final[Mapping[Protocol, ProtocolModule]] = {
    Protocol.OPENAI: openai_chat,
    Protocol.ANTHROPIC: anthropic_messages,
    Protocol.GEMINI: gemini_generate,
}
