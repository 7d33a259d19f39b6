"""What the daemon says of itself: its state, what it can do, and the stages that a task would get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from runs.chains.auto import build_auto, find_pattern
from runs.chains.perspectives import PERSPECTIVES
from runs.chains.reading import read_chain
from runs.chains.shapes import Chain, Depth, StageMode, TransformRule
from runs.chains.templates import TEMPLATES, Template
from runs.swarm.figures import figures_of
from smartspawn.lib.versions import own_version
from smartspawn.swarm.costs import cost_object
from smartspawn.swarm.key import daemon_key

Report = dict[str, Any]
_WEB_SEARCH: Final = "as each provider offers it"


@dataclass(slots=True)
class Counters:
    """What this process has been asked since it started."""

    started_at: datetime
    request_count: int = 0
    busy_count: int = 0
    answered_count: int = 0
    answered_ms: int = 0

    @property
    def uptime_ms(self) -> int:
        """Since the start."""
        return int((timezone.now() - self.started_at).total_seconds() * 1000)


def health(counters: Counters) -> Report:
    """GET /health."""
    return {
        "status": "ok",
        "uptime": counters.uptime_ms,
        "workers": settings.MAX_PARALLEL_NODES_PER_RUN,
        "requests": counters.request_count,
    }


def status(counters: Counters) -> Report:
    """GET /status. Reads the database."""
    _, actor = daemon_key()
    figures = figures_of(actor.key_id or 0, since=counters.started_at, now=timezone.now())
    most, busy = settings.MAX_PARALLEL_NODES_PER_RUN, counters.busy_count
    mean_ms = round(figures.mean_task_ms or 0)
    return {
        "requests": counters.request_count,
        "totalTasks": figures.task_count,
        "avgResponseMs": round(counters.answered_ms / counters.answered_count) if counters.answered_count else 0,
        "avgTaskMs": mean_ms,
        "totalTaskDurationMs": round((figures.mean_task_ms or 0) * figures.task_count),
        "uptime": counters.uptime_ms,
        "workers": {"totalNodes": busy, "maxNodes": most, "byType": {}, "idle": 0, "busy": busy},
        "cost": cost_object(figures.session, figures.today),
        "config": {"maxNodes": most, "provider": "smart-spawn", "webSearch": True, "webSearchMode": _WEB_SEARCH},
    }


def capabilities(counters: Counters) -> Report:
    """GET /capabilities. Reads the database."""
    most = settings.MAX_PARALLEL_NODES_PER_RUN
    return {
        "version": own_version(),
        "provider": "smart-spawn",
        "model": "auto",
        "webSearch": True,
        "modes": {
            "parallel": _mode("Many prompts at once", ["/parallel"], "Prompts do not need each other", ["prompts"]),
            "research": _mode(
                "Subjects on the web", ["/research"], "Several subjects, one question", ["subjects", "topic"]
            ),
            "chain": {
                **_mode("Stages in order", ["/chain", "/chain/auto", "/chain/template"], "Refining a text", ["task"]),
                "stageModes": [mode.value for mode in StageMode],
                "builtInPerspectives": list(PERSPECTIVES),
                "builtInTransforms": [rule.value for rule in TransformRule],
                "depthPresets": [depth.value for depth in Depth],
                "autoExample": {"task": "Compare two message queues", "depth": Depth.STANDARD.value},
                "manualExample": {"name": "Two views", "stages": [{"name": "Views", "prompts": ["For", "Against"]}]},
            },
        },
        "templates": list(TEMPLATES),
        "limits": {"maxWorkers": most, "maxConcurrentApi": most},
        "cost": status(counters)["cost"],
    }


def templates() -> Report:
    """GET /templates."""
    return {
        "templates": [
            {"key": template.key, "name": template.title, "description": template.description, **_stages_of(template)}
            for template in TEMPLATES.values()
        ]
    }


def preview(given: Mapping[str, Any]) -> Report:
    """POST /chain/preview; without a task the general plan. Raises ChainFault."""
    wanted = {name: given[name] for name in ("task", "data", "depth", "perspectives", "stages") if given.get(name)}
    chain = read_chain({"auto": wanted}) if wanted.get("task") else build_auto(task="", text="", depth=_depth(given))[0]
    task = str(wanted.get("task") or "")
    return {
        "name": chain.name,
        "meta": {
            "taskType": find_pattern(task).name,
            "depth": _depth(given).value,
            "detectedPattern": find_pattern(task).name,
            "stageCount": len(chain.stages),
            "estimatedTasks": _task_count(chain),
        },
        "stages": [
            {
                "name": stage.name,
                "mode": stage.mode.value,
                "perspective": ", ".join(stage.perspectives),
                "webSearch": stage.uses_web_search,
            }
            for stage in chain.stages
        ],
    }


def _mode(description: str, endpoints: list[str], when: str, fields: list[str]) -> Report:
    return {"description": description, "endpoints": endpoints, "when": when, "example": dict.fromkeys(fields, "...")}


def _stages_of(template: Template) -> Report:
    return {"stages": len(template.stages), "modes": [stage.mode.value for stage in template.stages]}


def _depth(given: Mapping[str, Any]) -> Depth:
    word = given.get("depth")
    return Depth(word) if word in list(Depth) else Depth.STANDARD


def _task_count(chain: Chain) -> int:
    return sum(
        max(1, len(stage.perspectives)) if stage.mode is StageMode.FAN_OUT else max(1, len(stage.prompts))
        for stage in chain.stages
    )
