"""What an agent is kept from: our secrets, other folders, commands that nobody allowed, and readers' terminals."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from runs.harness import HarnessFailed, HarnessResult, run_harness
from runs.harness.shapes import HarnessFolderRefused, HarnessOff
from tests.runs.harness.agents import Agents

WELL = {"type": "result", "subtype": "success", "is_error": False, "result": "Done."}


def ask(name: str = "claude", prompt: str = "Do it.", **changes: Any) -> HarnessResult:
    return asyncio.run(run_harness(name, prompt, **{"folder": "task", "timeout_s": 20.0, **changes}))


def test_nothing_of_ours_is_in_its_environment(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "OPENROUTER_API_KEY",
        "ANTHROPIC_API_KEY",
        "SECRET_KEY",
        "SECRETS_KEYS",
        "DATABASE_URL",
        "LD_PRELOAD_X",
    ):
        monkeypatch.setenv(name, "canary")
    agents.add(
        "claude", 'print(json.dumps({"type": "result", "is_error": False, "result": json.dumps(dict(os.environ))}))'
    )
    told = ask().text

    assert "canary" not in told
    assert str(agents.folder) in told  # the PATH goes along


def test_a_prompt_is_words_and_no_order_to_the_program(agents: Agents) -> None:
    # Claude Code and Gemini CLI take a first "/" for a command of their own, and do not ask the model.
    agents.add(
        "claude",
        """
        prompt = sys.stdin.read()
        said = "Unknown command" if prompt.startswith("/") else prompt.strip()
        print(json.dumps({"type": "result", "is_error": False, "result": said}))
        """,
    )

    assert ask(prompt="/etc/hosts: what is it for?").text == "/etc/hosts: what is it for?"


def test_no_file_that_a_prompt_points_at_is_read_unasked(agents: Agents, tmp_path: Path) -> None:
    # Claude Code reads "@/any/file" to the model before it asks anybody, unless this variable stands.
    (tmp_path / "secret_key").write_text("canary")
    agents.add(
        "claude",
        """
        prompt = sys.stdin.read()
        if "CLAUDE_CODE_DISABLE_ATTACHMENTS" not in os.environ:
            prompt = open(prompt.split("@")[1]).read()
        print(json.dumps({"type": "result", "is_error": False, "result": prompt}))
        """,
    )

    assert "canary" not in ask(prompt=f"Tell me @{tmp_path / 'secret_key'}").text


def test_the_sites_own_files_and_other_runs_are_withheld_from_commands_of_codex(agents: Agents, settings: Any) -> None:
    agents.add(
        "codex",
        """
        import tomllib
        options = chr(10).join(sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == "-c")
        item = {"type": "agent_message", "text": json.dumps(tomllib.loads(options) | {"argv": sys.argv[1:]})}
        print(json.dumps({"type": "item.completed", "item": item}))
        print(json.dumps({"type": "turn.completed", "usage": {}}))
        """,
    )
    settings.HOME_DIR = agents.folder.parent / 'a "home"'
    settings.HOME_DIR.mkdir()
    told = json.loads(ask("codex").text)
    rules = told["permissions"][told["default_permissions"]]

    assert rules["extends"] == ":workspace"
    assert rules["filesystem"][":slash_tmp"] == "read"
    for path in (settings.HOME_DIR, agents.work_dir):
        assert rules["filesystem"][str(path)] == "deny"
    assert "--sandbox" not in told["argv"]  # beside it no profile counts


def test_gemini_takes_no_settings_of_this_site_for_its_own(agents: Agents) -> None:
    # It loads the first .env on the way up to the root, unless its settings say not to.
    agents.add(
        "gemini",
        """
        with open(os.environ["GEMINI_CLI_SYSTEM_DEFAULTS_PATH"]) as told:
            text = str(json.load(told)["advanced"]["ignoreLocalEnv"])
        print(json.dumps({"type": "message", "role": "assistant", "content": text}))
        print(json.dumps({"type": "result", "status": "success"}))
        """,
    )

    assert ask("gemini").text == "True"


def test_opencode_runs_no_commands_and_stays_in_its_folder(agents: Agents) -> None:
    agents.add(
        "opencode",
        """
        print(json.dumps({"type": "text", "part": {"text": os.environ["OPENCODE_PERMISSION"]}}))
        print(json.dumps({"type": "step_finish", "part": {}}))
        """,
    )
    rules = json.loads(ask("opencode").text)

    assert rules["bash"] == rules["external_directory"] == "deny"


def test_orders_to_a_terminal_are_taken_out_of_what_an_agent_says(agents: Agents) -> None:
    shown: list[str] = []
    text = "\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07 \x00\u009bend\r\n\tline"
    said = {"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}
    agents.add_lines("claude", said, {**WELL, "result": text})

    assert ask(on_text=shown.append).text == "red bell end\n\tline"
    assert "".join(shown).strip() == "red bell end\n\tline"


def test_orders_to_a_terminal_are_taken_out_of_what_it_complains_of(agents: Agents) -> None:
    agents.add("opencode", "print('\x1b[93m\x1b[1m! \x1b[0mpermission requested', file=sys.stderr); sys.exit(1)")

    with pytest.raises(HarnessFailed) as failed:
        ask("opencode")
    assert failed.value.message.endswith("; ! permission requested")
    assert "\x1b" not in failed.value.message


def test_an_agent_that_is_not_switched_on_is_not_started(agents: Agents, settings: Any) -> None:
    agents.add("claude", "open('started', 'w')")
    settings.HARNESSES = ["codex"]

    with pytest.raises(HarnessOff, match="not switched on"):
        ask()
    assert not (agents.work_dir / "task").exists()


@pytest.mark.parametrize("name", ["sh", "claude; id", "../claude", ""])
def test_no_other_command_can_be_named(agents: Agents, settings: Any, name: str) -> None:
    settings.HARNESSES = [name]
    with pytest.raises(HarnessOff):
        ask(name)


@pytest.mark.parametrize("folder", ["..", "../work2", "/etc", "task/../../elsewhere", "link/inner", "nul\0"])
def test_a_folder_outside_the_allowed_one_is_refused(agents: Agents, tmp_path: Path, folder: str) -> None:
    agents.add("claude", f"print(json.dumps({WELL!r}))")
    agents.work_dir.mkdir()
    (tmp_path / "outside").mkdir()
    (agents.work_dir / "link").symlink_to(tmp_path / "outside")

    with pytest.raises(HarnessFolderRefused):
        ask(folder=folder)
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "settings_file"), [("gemini", ".gemini"), ("gemini", ".env"), ("opencode", "opencode.json")]
)
@pytest.mark.parametrize("place", ["task", "."])
def test_settings_that_an_earlier_agent_wrote_start_no_commands(
    agents: Agents, name: str, settings_file: str, place: str
) -> None:
    agents.add(name, "open('started', 'w')")
    (agents.work_dir / "task").mkdir(parents=True)
    (agents.work_dir / place / settings_file).symlink_to("nowhere")

    with pytest.raises(HarnessFolderRefused, match=settings_file):
        ask(name)
    assert not (agents.work_dir / "task" / "started").exists()
