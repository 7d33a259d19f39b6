"""The measurements: each starts what it needs, and returns its figures."""

from __future__ import annotations

import http.cookiejar
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.figures import ROOT, Figure
from tests.bench.wrk import find_wrk, measure
from tests.site import Site, clean_environment, running_site

FRESH_QUERY_LUA = """
local number = 0
request = function()
  number = number + 1
  return wrk.format("GET", "/api/models?limit=50&n=" .. number)
end
"""


class Browser:
    """A visitor who signed in by the link that the site printed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        page = self._opener.open(site.signin_link).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            raise SystemExit("the sign-in page has no form any more")
        answer = self._opener.open(site.signin_link, f"csrfmiddlewaretoken={token[1]}".encode())
        self.landed_on = urlsplit(answer.url).path

    def time_ms(self, path: str) -> float:
        """How long the whole page takes."""
        started = time.perf_counter()
        with self._opener.open(self._site.address + path) as response:
            response.read()
        return (time.perf_counter() - started) * 1000


def first_page(folder: Path, runs: int) -> Iterator[Figure]:
    """From the command on an empty home to a page of models in a browser."""
    seconds = []
    for number in range(runs):
        started = time.perf_counter()
        with running_site(folder / f"first{number}", is_first_start=True) as site:
            Browser(site).time_ms("/")
            seconds.append(time.perf_counter() - started)
    command = "manage.py up (what make up runs) on an empty SMARTSPAWN_HOME, sign in, GET /"
    yield Figure("from make up to the first page, packages being there", "s", seconds, command, at_most=20)


def pages(folder: Path, runs: int) -> Iterator[Figure]:
    """Pages as a signed-in visitor gets them, one after the other."""
    with running_site(folder / "pages", SMARTSPAWN_PAGE_RATE_LIMIT="off") as site:
        browser = Browser(site)
        for name, path, target_ms in (("overview", "/", 100), ("catalog page of 50 rows", "/models/", 150)):
            browser.time_ms(path)
            times = [browser.time_ms(path) for _ in range(runs * 5)]
            yield Figure(name, "ms", times, f"GET {path} with a session, whole page", at_most=target_ms)


def requests(folder: Path, runs: int) -> Iterator[Figure]:
    """The open API under load, repeated and with a query that was never asked before."""
    wrk = find_wrk()
    if wrk is None:
        return
    script = folder / "fresh.lua"
    script.write_text(FRESH_QUERY_LUA)
    with running_site(folder / "requests", SMARTSPAWN_RATE_LIMIT="off") as site:
        for name, path, lua, target in (
            ("repeated", "/api/models?limit=50", None, 5000),
            ("never asked before", "", script, 500),
        ):
            loads = [measure(wrk, site.address + path, lua) for _ in range(runs)]
            shown, title = loads[0].command, f"GET /api/models?limit=50, {name}"
            yield Figure(title, "req/s", [load.per_s for load in loads], shown, at_least=target)
            yield Figure(f"{title}, p99", "ms", [load.p99_ms for load in loads], shown, at_most=25)


def refresh(folder: Path, runs: int, captures: Path) -> Iterator[Figure]:
    """A refresh from saved answers, in a process of its own, on a home with the shipped catalogue."""
    seconds, mebibytes = [], []
    command = [sys.executable, "manage.py", "refresh_catalog", "--from-captures", str(captures)]
    for number in range(runs):
        home = folder / f"refresh{number}"
        home.mkdir()
        environment = clean_environment(home)
        subprocess.run([sys.executable, "manage.py", "prepare"], cwd=ROOT, env=environment, stdout=-3, check=True)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        output = process.stdout.read() if process.stdout else ""
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the refresh failed:\n{output}")
        seconds.append(float(_find(r"([\d.]+) s\s*$", output)))
        mebibytes.append(usage.ru_maxrss / 1024)
    shown = " ".join(["manage.py", *command[2:]])
    yield Figure("refresh from captures", "s", seconds, f"{shown} (the time that it says)", at_most=3)
    yield Figure("refresh from captures, peak memory", "MiB", mebibytes, f"{shown} (ru_maxrss)", at_most=300)


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"{pattern!r} is not in:\n{text}")
    return found[1]
