"""The programs that the Connect page has configuration for, each with its texts to copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Snippet:
    """One text to copy."""

    name: str  # its file below templates/connect/snippets, and its id on the page
    title: str  # where it goes
    file: str = ""

    @property
    def template(self) -> str:
        """Where it is drawn from."""
        return f"connect/snippets/{self.file or self.name + '.txt'}"


@dataclass(frozen=True, slots=True)
class Client:
    """One program, and the ways to connect it."""

    key: str
    title: str
    words: str
    snippets: tuple[Snippet, ...]


CLIENTS: Final = (
    Client(
        "claude-code",
        "Claude Code",
        "The tools over HTTP from any machine; over stdio on the machine where the site's checkout is, without a key "
        "and as its first admin. What the site has from its environment alone (DATABASE_URL, SECRETS_KEYS) must stand "
        "in .env for that. With this site as its model a conversation keeps the model that auto chose; any other name "
        "that is known here may stand for auto. The cost that Claude Code shows is a guess; the true one is on Spend.",
        (
            Snippet("claude-http", "In a shell, over HTTP"),
            Snippet("claude-stdio", "In a shell, over stdio"),
            Snippet("claude-model", "In the shell that starts Claude Code, with this site as its model"),
        ),
    ),
    Client(
        "codex",
        "Codex",
        "The tools, this site as its model, or both. The key stays in the environment: Codex takes none in its file. "
        "In place of auto:coding any other way to choose will do, or a model's id. Codex warns that it has no metadata "
        "of such a model, and works all the same.",
        (
            Snippet("codex-env", "In the shell that starts Codex"),
            Snippet("codex-model", "At the top of ~/.codex/config.toml, this site as its model", "codex-model.toml"),
            Snippet("codex-http", "In ~/.codex/config.toml, the tools over HTTP", "codex-http.toml"),
            Snippet("codex-stdio", "In ~/.codex/config.toml, the tools over stdio", "codex-stdio.toml"),
        ),
    ),
    Client(
        "cursor",
        "Cursor",
        "For all projects; a project of its own keeps it in .cursor/mcp.json.",
        (Snippet("cursor", "In ~/.cursor/mcp.json", "cursor.json"),),
    ),
    Client(
        "gemini",
        "Gemini CLI",
        "For all projects whose folder you trust: in others it leaves its tools alone.",
        (Snippet("gemini", "In a shell"),),
    ),
    Client(
        "opencode",
        "opencode",
        "This site as its model, and the tools.",
        (Snippet("opencode", "In ~/.config/opencode/opencode.json", "opencode.json"),),
    ),
    Client(
        "openclaw",
        "OpenClaw",
        "The tools, and this site as its model. The published plugin does less: it chooses a model and sends no key, "
        "so its ratings are kept without moving anybody's choices. Its version 1.0.5 fits older releases of OpenClaw: "
        "2026.5.12 and later (tried up to 2026.9.6) take no plugin that is not compiled and does not list its tools.",
        (
            Snippet("openclaw-mcp", "In a shell, the tools"),
            Snippet("openclaw-model", "In a shell, this site as its model"),
            Snippet("openclaw-install", "In a shell, the plugin for older releases"),
            Snippet("openclaw", "In ~/.openclaw/openclaw.json, for the plugin", "openclaw.json"),
        ),
    ),
    Client(
        "sdk",
        "OpenAI and Anthropic SDKs",
        "Any program that speaks either protocol. The model is auto, auto:coding, auto:low, a mode such as cascade, "
        "or a model's id.",
        (
            Snippet("openai-python", "Python, openai", "openai.py.txt"),
            Snippet("openai-node", "JavaScript, openai", "openai.mjs.txt"),
            Snippet("anthropic-python", "Python, anthropic", "anthropic.py.txt"),
        ),
    ),
    Client(
        "curl",
        "curl",
        "Choosing needs no key while the site's API is open; work does.",
        (
            Snippet("curl-pick", "Choose a model"),
            Snippet("curl-run", "Have a task done"),
        ),
    ),
    Client(
        "command",
        "The smartspawn command",
        'Then: smartspawn pick coding, smartspawn run "...", smartspawn --help.',
        (Snippet("command", "In ~/.config/smartspawn/config.toml", "command.toml"),),
    ),
    Client(
        "swarm",
        "Swarm's own clients",
        "On the site's machine: a port that answers as Swarm's daemon does, without a key, to programs there alone. "
        "Its daily cap is 5 dollars; manage.py swarm_cap or the page of caps sets another.",
        (Snippet("swarm", "In a shell"),),
    ),
    Client(
        "skill",
        "Any other agent",
        "A text that teaches an agent when to use what. Give it the address, or put it where it keeps its skills.",
        (Snippet("skill", "In a shell"),),
    ),
)
