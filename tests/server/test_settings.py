"""What cannot be used is said in words that name the setting."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "smartspawn.settings", "SMARTSPAWN_DOTENV": "off", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which not even root can make files")
@pytest.mark.parametrize("home", ["/proc", "/proc/new"])
def test_a_home_that_cannot_hold_files_is_named_with_what_to_do(home: str) -> None:
    refused = check(SMARTSPAWN_HOME=home, SECRET_KEY="")
    assert refused.returncode == 2
    assert f"SMARTSPAWN_HOME={home} cannot be used" in refused.stderr
    assert "may write to" in refused.stderr
