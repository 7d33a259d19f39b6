"""The agents that may be started, each with the one command it is started by.

Nobody can define a command over the web: what stands here is all there is, and the setting HARNESSES switches it
on. The prompt comes by standard input. Agents may change files in their folder; anything further is refused instead
of asked for, since nobody is there to answer. Nor may a folder bring settings along that start commands: an agent
that was talked into writing some would have them run by the next.
Tried with Claude Code 2.1.197, Codex 0.169.0, Gemini CLI 0.61.0 and OpenCode 1.18.33 themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from runs.harness.readers import ClaudeReader, CodexReader, GeminiReader, OpenCodeReader
from runs.harness.shapes import Driver


def _codex_profile(withheld: Sequence[Path]) -> tuple[str, ...]:
    """Its commands may read the machine but for what is withheld, and write to their folder and TMPDIR alone.

    A profile and no ``--sandbox``: that one lets every file be read. It goes before what the user's own
    configuration says, and an agent too old to know it falls back to reading only.
    """
    rules = {":slash_tmp": "read"} | {str(path): "deny" for path in withheld}
    table = ",".join(f"{_toml(name)}={_toml(word)}" for name, word in rules.items())
    profile = f'permissions.smartspawn={{extends=":workspace",filesystem={{{table}}}}}'
    return ("-c", 'default_permissions="smartspawn"', "-c", profile)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


DRIVERS: Final[tuple[Driver, ...]] = (
    Driver(
        "claude",
        "Claude Code",
        (
            *("claude", "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits"),
            *("--setting-sources", "user", "--strict-mcp-config"),  # without the folder's own hooks and servers
        ),
        ClaudeReader,
        package="@anthropic-ai/claude-code",
        # Else "@/any/file" in a prompt is read to the model, wherever it lies, and nobody is asked.
        environment=(("CLAUDE_CODE_DISABLE_ATTACHMENTS", "1"),),
    ),
    Driver(
        "codex",
        "Codex",
        ("codex", "exec", "--json", "--skip-git-repo-check"),
        CodexReader,
        package="@openai/codex",
        withhold=_codex_profile,
    ),
    Driver(
        "gemini",
        "Gemini CLI",
        ("gemini", "--output-format", "stream-json", "--approval-mode", "auto_edit"),
        GeminiReader,
        package="@google/gemini-cli",
        environment=(
            ("GEMINI_CLI_TRUST_WORKSPACE", "true"),  # it works in no other folder
            # It takes the first .env on the way up to the root, which may be this site's own, unless told not to.
            ("GEMINI_CLI_SYSTEM_DEFAULTS_PATH", str(Path(__file__).with_name("gemini-defaults.json"))),
        ),
        settings_files=(".gemini", ".env"),
    ),
    Driver(
        "opencode",
        "OpenCode",
        ("opencode", "run", "--format", "json"),
        OpenCodeReader,
        package="opencode-ai",
        # Else its commands run without asking, and with all that this user may do.
        environment=(
            (
                "OPENCODE_PERMISSION",
                json.dumps(dict.fromkeys(("bash", "external_directory", "webfetch", "websearch"), "deny")),
            ),
        ),
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
