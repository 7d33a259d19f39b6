"""How fast tasks are chosen for and taken apart, by a site that runs as its owner runs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.wrk import Load, find_wrk, measure
from tests.site import running_site

MOST_TASKS_A_RUN = 19_000  # five runs before a task comes again; the site remembers the last few thousand
# Ninety-six thousand short tasks, in an order in which none comes twice before all have come.
TASKS_LUA = """
local verbs = {"Fix", "Refactor", "Design", "Document", "Migrate", "Test", "Review", "Translate", "Speed up",
  "Summarise", "Explain", "Build", "Rename", "Simplify", "Draft", "Compare", "Debug", "Deploy", "Research", "Proofread"}
local things = {"the login form", "the billing service", "the search index", "our mobile app", "the data pipeline",
  "a welcome email", "the REST API", "the user database", "the pricing page", "the release notes", "the cache layer",
  "a quarterly report", "the image upload", "the onboarding tour", "a press release", "the Dockerfile",
  "the tax calculation", "the chat widget", "the audit log", "a poem about autumn", "the CSV export",
  "the permission checks", "a job advert", "the retry logic", "the landing page", "the contract with Acme",
  "the message queue", "the colour palette", "the unit tests", "the backup script"}
local ends = {}
for _, who in ipairs({"the Berlin team", "our oldest customer", "the mobile users", "the board", "new colleagues",
  "the auditors", "the launch", "the second release", "our partners", "the support desk"}) do
  for _, when in ipairs({"", " by Friday", " this week", " before the demo", " without downtime", " in plain words",
    " on a small budget", " step by step", " from scratch", " and keep it short", " as in March", " for once",
    " at last", " again", " today", " in one go"}) do
    ends[#ends + 1] = " for " .. who .. when
  end
end
local total = #verbs * #things * #ends
local place = START * 60013 % total
function task()
  place = (place + 60013) % total
  local rest = math.floor(place / #verbs)
  return verbs[place % #verbs + 1] .. " " .. things[rest % #things + 1] .. ends[math.floor(rest / #things) + 1]
end
"""
NEVER_ASKED_LUA = """
local number = 0
request = function()
  number = number + 1
  return wrk.format("GET", "/api/pick?task=coding&n=" .. number)
end
"""
NEW_TASK_LUA = """
request = function() return wrk.format("GET", "/api/pick?task=" .. task():gsub(" ", "+")) end
"""
NEW_SWARM_LUA = r"""
wrk.method, wrk.headers["Content-Type"] = "POST", "application/json"
request = function()
  local parts = {"1. " .. task(), "2. " .. task(), "3. " .. task(), "4. " .. task()}
  return wrk.format(nil, "/api/swarm", nil, '{"task": "' .. table.concat(parts, "\\n") .. '"}')
end
"""


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of load, and what the site must reach under it."""

    name: str
    lua: str
    path: str
    at_least: float
    p50_ms: float | None = None


TARGETS = (
    Target("pick, repeated", "", "/api/pick?task=coding", 5000),
    Target("pick, cache off", NEVER_ASKED_LUA, "", 1000),
    Target("pick for a new task in words", TASKS_LUA + NEW_TASK_LUA, "", 400, p50_ms=40),
    Target("swarm of four new parts, stored", TASKS_LUA + NEW_SWARM_LUA, "", 300),
)


def choosing(folder: Path, runs: int) -> Iterator[Figure]:
    """Requests per second and the median answer of each kind."""
    wrk = find_wrk()
    if wrk is None:
        return
    with running_site(folder / "choosing", SMARTSPAWN_RATE_LIMIT="off") as site:
        for target in TARGETS:
            loads = []
            for number in range(runs):
                script = folder / f"{target.name.replace(' ', '-').replace(',', '')}.lua"
                script.write_text(target.lua.replace("START", str(number * MOST_TASKS_A_RUN)))
                loads.append(measure(wrk, site.address + target.path, script if target.lua else None))
            yield from _figures(target, loads)


def _figures(target: Target, loads: list[Load]) -> Iterator[Figure]:
    shown = loads[0].command
    yield Figure(target.name, "req/s", [load.per_s for load in loads], shown, at_least=target.at_least)
    if target.p50_ms is not None:
        yield Figure(f"{target.name}, p50", "ms", [load.p50_ms for load in loads], shown, at_most=target.p50_ms)
