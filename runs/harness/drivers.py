"""The agents that may be started, each with the one command it is started by.

Nobody can define a command over the web: what stands here is all there is, and the setting HARNESSES switches it
on. The prompt comes by standard input. Agents may change files in their folder; where an agent has a switch for
it, anything further is refused instead of asked for, since nobody is there to answer. Nor may a folder bring
settings along that start commands: an agent that was talked into writing some would have them run by the next.
Tried with Claude Code 2.1, Codex 0.169 and Gemini CLI 0.61.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runs.harness.readers import ClaudeReader, CodexReader, GeminiReader, OpenCodeReader
from runs.harness.shapes import Driver

DRIVERS: Final[tuple[Driver, ...]] = (
    Driver(
        "claude",
        "Claude Code",
        (
            *("claude", "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits"),
            *("--setting-sources", "user", "--strict-mcp-config"),  # without the folder's own hooks and servers
        ),
        ClaudeReader,
    ),
    Driver(
        "codex",
        "Codex",
        ("codex", "exec", "--json", "--skip-git-repo-check", "--sandbox", "workspace-write", "-"),
        CodexReader,
    ),
    Driver(
        "gemini",
        "Gemini CLI",
        ("gemini", "--output-format", "json", "--approval-mode", "auto_edit"),
        GeminiReader,
        environment=(("GEMINI_CLI_TRUST_WORKSPACE", "true"),),  # it works in no other folder
        settings_files=(".gemini", ".env"),
    ),
    Driver(
        "opencode",
        "OpenCode",  # has no such switch: it runs whatever its own configuration allows
        ("opencode", "run", "--format", "json"),
        OpenCodeReader,
        settings_files=(".opencode", "opencode.json", "opencode.jsonc"),
    ),
)

# What an agent needs of this process's environment: to be found, to find its own sign-in, to reach the network.
# Nothing that opens anything of ours: no provider keys, no database, no secrets of this site.
PASSED_VARIABLES: Final = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
        "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
    }
)  # fmt: skip


def passed_environment(driver: Driver, environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that an agent gets; no terminal and no colours."""
    passed = {name: value for name, value in environment.items() if name in PASSED_VARIABLES}
    return passed | {"TERM": "dumb", "NO_COLOR": "1", "CI": "1"} | dict(driver.environment)
