"""Agents are started from fixed commands in allowed folders, and end with everything they started."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

from runs.harness import HarnessFailed, HarnessResult, enabled_harnesses, process, run, run_harness
from runs.harness.shapes import HarnessOff, HarnessTimedOut
from tests.runs.harness.agents import Agents, ends_soon, pids_in

# A grandchild in the background that holds the output open, an agent that does not heed SIGTERM, both on record.
STUBBORN = """
sys.stdin.read()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", deaf])
with open("pids", "a") as pids:
    pids.write(f"{os.getpid()}\\n{child.pid}\\n")
print(json.dumps({"type": "assistant", "message": {"content": [{"type": "text", "text": "I begin."}]}}), flush=True)
"""
# A command as agents start them: in a session of its own, where no signal to the group reaches it.
AWAY = """
sys.stdin.read()
child = subprocess.Popen(["sleep", "60"], start_new_session=True, stdout=subprocess.DEVNULL)
with open("pids", "a") as pids:
    pids.write(f"{child.pid}\\n")
"""
REAL_GRACE_S = process.GRACE_S
T = TypeVar("T")
_RUNNERS: dict[str, Any] = {"asyncio": asyncio.run, "uvloop": uvloop.run}  # the web's, and the workers'
_loop = "asyncio"
WELL = {"type": "result", "subtype": "success", "is_error": False, "result": "Done."}


def ask(name: str = "claude", prompt: str = "Do it.", **changes: Any) -> HarnessResult:
    return run_loop(run_harness(name, prompt, **{"folder": "task", "timeout_s": 20.0, **changes}))


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """Do the work on the event loop that this test is about."""
    return _RUNNERS[_loop](work)


@pytest.fixture(autouse=True, params=_RUNNERS)
def _on_both_loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "_loop", request.param)


@pytest.fixture(autouse=True)
def _little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_S", 0.2)


def test_the_prompt_comes_by_standard_input_and_the_work_happens_in_the_folder(agents: Agents) -> None:
    agents.add(
        "claude",
        """
        told = {"argv": sys.argv[1:], "prompt": sys.stdin.read(), "cwd": os.getcwd()}
        print(json.dumps({"type": "result", "is_error": False, "result": json.dumps(told)}))
        """,
    )
    prompt = "Say 'hello'; $(rm -rf /) `id` \u00e9\n--dangerously-skip-permissions"
    facts = json.loads(ask(prompt=prompt).text)

    assert facts["prompt"] == prompt
    assert facts["cwd"] == str(agents.work_dir / "task")
    assert facts["argv"][:3] == ["-p", "--output-format", "stream-json"]
    assert prompt not in facts["argv"]
    assert facts["argv"][-3:] == ["--setting-sources", "user", "--strict-mcp-config"]  # no hooks of the folder


def test_a_prompt_longer_than_any_pipe_is_given_while_the_agent_already_talks(agents: Agents) -> None:
    agents.add(
        "claude",
        """
        for _ in range(2000): print("x" * 100)
        sys.stdout.flush()
        size = len(sys.stdin.read())
        print(json.dumps({"type": "result", "is_error": False, "result": str(size)}))
        """,
    )

    assert ask(prompt="y" * 3_000_000).text == "3000000"


def test_an_agent_that_does_not_read_its_prompt_is_no_trouble(agents: Agents) -> None:
    agents.add("claude", f"print(json.dumps({WELL!r}))")

    assert ask(prompt="y" * 3_000_000).text == "Done."


def test_an_agent_that_is_not_installed_is_named(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(agents.folder))
    with pytest.raises(HarnessOff, match=r"no 'codex' on the PATH of .*npm install -g @openai/codex"):
        ask("codex")
    reports = enabled_harnesses()
    assert not any(report.is_installed for report in reports)
    assert all("npm install" in report.advice for report in reports)


def test_what_is_to_be_done_is_said_only_where_something_is(agents: Agents, settings: Any) -> None:
    agents.add("claude", "")
    settings.HARNESSES = ["claude"]
    advice = {report.name: report.advice for report in enabled_harnesses()}

    assert advice["claude"] == ""
    assert "An admin can name 'codex' in the setting HARNESSES" in advice["codex"]


def test_when_the_time_is_up_the_whole_group_is_killed(agents: Agents) -> None:
    agents.add("claude", STUBBORN + "time.sleep(60)")
    started = time.monotonic()
    with pytest.raises(HarnessTimedOut) as failed:
        ask(timeout_s=1.0)

    assert time.monotonic() - started < 4
    assert all(ends_soon(pid) for pid in pids_in(agents.work_dir / "task" / "pids", 2))
    assert failed.value.partial is not None
    assert failed.value.partial.text == "I begin."


def test_cancelling_kills_the_whole_group_within_two_seconds(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_S", REAL_GRACE_S)
    agents.add("claude", STUBBORN + "time.sleep(60)")
    path = agents.work_dir / "task" / "pids"

    async def start_and_cancel() -> float:
        task = asyncio.create_task(run_harness("claude", "Do it.", folder="task", timeout_s=60))
        await asyncio.to_thread(pids_in, path, 2)
        asked_at_s = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - asked_at_s

    assert run_loop(start_and_cancel()) < 2
    assert all(ends_soon(pid) for pid in pids_in(path, 2))


@pytest.mark.skipif(sys.platform != "linux", reason="only there a guard learns what it has for grandchildren")
@pytest.mark.parametrize("is_in_time", [True, False])
def test_a_command_in_a_session_of_its_own_is_ended_too(agents: Agents, *, is_in_time: bool) -> None:
    agents.add("claude", AWAY + (f"print(json.dumps({WELL!r}), flush=True)" if is_in_time else "time.sleep(60)"))
    if is_in_time:
        ask()
    else:
        with pytest.raises(HarnessTimedOut):
            ask(timeout_s=1.0)

    assert all(ends_soon(pid) for pid in pids_in(agents.work_dir / "task" / "pids", 1))


@pytest.mark.parametrize("is_in_time", [True, False])
def test_an_agents_temporary_files_are_its_own_and_go_with_it(agents: Agents, *, is_in_time: bool) -> None:
    agents.add(
        "codex",
        f"""
        import tempfile
        with open("told", "w") as told:
            told.write(tempfile.mkdtemp())
        time.sleep({0 if is_in_time else 60})
        """,
    )
    with pytest.raises(HarnessFailed):
        ask("codex", timeout_s=20.0 if is_in_time else 1.0)
    made = Path((agents.work_dir / "task" / "told").read_text())

    assert made.parent.name.startswith("smartspawn-agent-")
    assert not made.parent.exists()


def test_what_an_agent_leaves_running_is_killed_and_does_not_hold_up_its_answer(agents: Agents) -> None:
    agents.add("claude", STUBBORN + f"print(json.dumps({WELL!r}), flush=True)")
    started = time.monotonic()

    assert ask().text == "Done."
    assert time.monotonic() - started < 4
    assert all(ends_soon(pid) for pid in pids_in(agents.work_dir / "task" / "pids", 2))


@pytest.mark.faults
def test_an_agent_does_not_outlive_the_process_that_started_it(agents: Agents, settings: Any) -> None:
    agents.add("claude", STUBBORN + "time.sleep(60)")
    program = f"""
        import asyncio, django
        django.setup()
        from django.conf import settings
        settings.HARNESSES, settings.HARNESS_WORK_DIR = ["claude"], {str(agents.work_dir)!r}
        from runs.harness import run_harness
        asyncio.run(run_harness("claude", "Do it.", folder="task", timeout_s=60))
    """
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], env=environment, cwd=settings.BASE_DIR)
    pids = pids_in(agents.work_dir / "task" / "pids", 2, within_s=30)
    parent.send_signal(signal.SIGKILL)
    parent.wait()

    assert all(ends_soon(pid) for pid in pids)


def test_an_agent_that_floods_its_output_is_ended(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "OUTPUT_BYTES", 2**20)
    agents.add("claude", 'while True: print("x" * 1000)')

    with pytest.raises(HarnessFailed, match="more than 1 MB"):
        ask()


def test_a_flood_of_complaints_is_ended_too(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "OUTPUT_BYTES", 2**20)
    agents.add("claude", 'while True: print("x" * 1000, file=sys.stderr)')

    with pytest.raises(HarnessFailed, match="more than 1 MB"):
        ask()


def test_a_line_without_end_costs_no_memory_and_hides_nothing_after_it(agents: Agents, monkeypatch: Any) -> None:
    monkeypatch.setattr(process, "_LONGEST_LINE_BYTES", 1000)
    agents.add("claude", f"print('x' * 300_000); print(json.dumps({WELL!r}))")

    assert ask().text == "Done."


def test_a_longer_text_than_is_kept_is_cut_with_a_mark(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TEXT_CHARS", 100)
    agents.add_lines("claude", {**WELL, "result": "z" * 250})
    result = ask()

    assert result.is_cut
    assert result.text == "z" * 100 + "\n\n[cut here: 150 more characters]"


def test_a_failure_tells_why_and_keeps_what_was_said(agents: Agents) -> None:
    agents.add("codex", "print('quota exceeded', file=sys.stderr); sys.exit(3)")

    with pytest.raises(HarnessFailed, match="status 3"):
        ask("codex")


def test_what_is_complained_of_beside_the_answer_is_told(agents: Agents) -> None:
    agents.add("gemini", "print('Please set an Auth method', file=sys.stderr); sys.exit(41)")

    with pytest.raises(HarnessFailed, match=r"status 41\): it ended in .* its work; Please set an Auth method$"):
        ask("gemini")


def test_an_agent_that_ran_out_of_time_is_quoted_with_what_it_complained_of(agents: Agents) -> None:
    said = {"type": "error", "message": "Reconnecting... waiting for network"}
    agents.add("codex", f"print(json.dumps({said!r}), flush=True); time.sleep(60)")

    with pytest.raises(HarnessTimedOut, match=r"its last word: Reconnecting\.\.\. waiting for network"):
        ask("codex", timeout_s=2.0)


def test_an_agent_that_reports_an_error_failed_though_its_status_is_zero(agents: Agents) -> None:
    agents.add_lines(
        "claude", {"type": "result", "subtype": "error_max_turns", "is_error": True, "total_cost_usd": 0.5}
    )

    with pytest.raises(HarnessFailed, match="error_max_turns") as failed:
        ask()
    assert failed.value.partial is not None
    assert failed.value.partial.cost_usd == Decimal("0.5")


def test_text_is_shown_while_it_is_made(agents: Agents) -> None:
    shown: list[str] = []
    said = [{"type": "assistant", "message": {"content": [{"type": "text", "text": word}]}} for word in ("one", "two")]
    agents.add_lines("claude", *said, WELL)
    ask(on_text=shown.append)

    assert [piece.strip() for piece in shown] == ["one", "two"]
