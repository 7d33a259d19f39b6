"""Where the command finds its settings, and what it does with those of Swarm."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from smartspawn.cli import here
from smartspawn.cli.config import config_path, read_config, write_config
from smartspawn.cli.faults import USAGE, CliFault
from smartspawn.cli.main import app
from smartspawn.cli.swarm_config import read_swarm_config


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SMARTSPAWN_URL", "SMARTSPAWN_API_KEY", "HOST", "PORT", "GROQ_API_KEY", "MY_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_without_any_settings_the_site_is_on_this_machine() -> None:
    assert (read_config().url, read_config().key) == ("http://127.0.0.1:8000", "")


def test_the_site_of_the_checkout_is_found_by_what_it_reads_itself(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here, "PROJECT_DIR", home)
    monkeypatch.setenv("SMARTSPAWN_DOTENV", "on")
    monkeypatch.delenv("SMARTSPAWN_HOME", raising=False)
    (home / ".env").write_text("# mine\nexport PORT='8123'\nHOST=0.0.0.0\nSMARTSPAWN_HOME=data\n")
    assert (read_config().url, here.home_dir()) == ("http://127.0.0.1:8123", home / "data")
    monkeypatch.setenv("PORT", "8124")
    monkeypatch.setenv("HOST", "::1")
    monkeypatch.setenv("SMARTSPAWN_HOME", str(home / "other"))
    assert (read_config().url, here.home_dir()) == ("http://[::1]:8124", home / "other")
    assert here.environment()["SMARTSPAWN_HOME"] == str(home / "other")


def test_the_option_counts_before_the_environment_and_that_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(config_path(), url="http://file:1", key="ss_file")
    assert (read_config().url, read_config().key) == ("http://file:1", "ss_file")
    monkeypatch.setenv("SMARTSPAWN_URL", "http://environment:2/")
    monkeypatch.setenv("SMARTSPAWN_API_KEY", "ss_environment")
    assert (read_config().url, read_config().key) == ("http://environment:2", "ss_environment")
    assert read_config(url="http://option:3").url == "http://option:3"


def test_the_file_is_for_this_user_alone_even_if_it_was_not(home: Path) -> None:
    config_path().parent.mkdir()
    config_path().write_text("")
    config_path().chmod(0o644)
    write_config(config_path(), url='http://a"b\\c', key="ss_1")
    assert config_path().stat().st_mode & 0o777 == 0o600
    assert read_config().url == 'http://a"b\\c'


@pytest.mark.parametrize("content", [b"url = ", b"url = \xff"])
def test_a_broken_file_is_said_and_not_taken_for_an_empty_one(content: bytes) -> None:
    config_path().parent.mkdir()
    config_path().write_bytes(content)
    done = CliRunner().invoke(app, ["pick", "coding"])
    assert isinstance(done.exception, CliFault)
    assert done.exception.exit_code == USAGE
    assert "cannot be read" in done.exception.message


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CliFault, match="cannot be written"):
        write_config(tmp_path / "file" / "config.toml", url="http://x", key="ss_1")


def test_a_key_does_not_show_when_settings_are_printed() -> None:
    write_config(config_path(), url="http://x", key="ss_secret")
    assert "ss_secret" not in repr(read_config())


# --- Swarm's own ---------------------------------------------------------------------------


def swarm_file(home: Path, text: str) -> Path:
    path = home / "node-scaling.yaml"
    path.write_text(text)
    return path


def test_provider_key_and_daily_cap_are_taken_from_swarms_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "gsk_1")
    path = swarm_file(
        home,
        "node_scaling:\n  provider: {name: groq, model: llama, api_key_env: MY_KEY}\n  cost: {max_daily_spend: 5.00}\n",
    )
    found = read_swarm_config(path)
    assert (found.provider, found.model, found.secret, found.max_daily_usd) == ("groq", "llama", "gsk_1", 5.0)
    assert "gsk_1" not in repr(found)


def test_a_key_that_swarm_kept_in_its_own_file_is_found(home: Path) -> None:
    (home / "groq-key.txt").write_text("gsk_2\n")
    assert read_swarm_config(swarm_file(home, "node_scaling: {provider: {name: groq}}")).secret == "gsk_2"


@pytest.mark.parametrize("cap", [".nan", ".inf", "-1", "yes", "five", "'5'"])
def test_a_cap_that_is_no_amount_is_refused_and_not_taken_for_none(home: Path, cap: str) -> None:
    path = swarm_file(home, f"node_scaling:\n  provider: {{name: groq}}\n  cost: {{max_daily_spend: {cap}}}\n")
    with pytest.raises(CliFault, match="max_daily_spend"):
        read_swarm_config(path)


@pytest.mark.parametrize("text", ["", "a: 1", "- 1", "node_scaling: 7", "{"])
def test_what_is_no_settings_file_of_swarm_is_refused(home: Path, text: str) -> None:
    with pytest.raises(CliFault) as fault:
        read_swarm_config(swarm_file(home, text))
    assert fault.value.exit_code == USAGE
