"""Letting the texts of old runs go: what was asked goes; who did what, when and for how much stays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from runs.keeping.artifacts import drop_plans
from runs.models import Node, Run
from runs.shapes import Purpose, RunStatus
from smartspawn.lib.errors import SmartSpawnError
from smartspawn.lib.keeping import BATCH_ROWS
from smartspawn.lib.rows import Row, update_rows

Stored = dict[str, Any]
_ENDED: Final = [status for status in RunStatus if status.is_final]
_RUNS_AT_ONCE: Final = 100
_GOING: Final = "texts_going"  # stands in the request of a run whose texts have begun to go
_STRIPPED: Final = ("title", "spec", "data", "error")
_ASKED: Final[Mapping[str, object]] = {
    "task": "",
    "prompts": [],
    "subjects": [],
    "topic": "",
    "chain": None,
    "context": "",
}
# Of what a node was to do, that which says how and not what: whatever else is there, or will be, goes.
_PARAMS_KEPT: Final = frozenset(
    {
        *("driver", "is_limit_given", "verdict", "labels", "rule", "judge", "pairs", "outline", "into", "stem"),
        *("most_sections", "section_output_tokens", "count", "item", "mode", "stage", "perspective", "max_input_chars"),
    }
)
# Of what a node's output was read as: verdicts in numbers. Which text was taken is the key of a node.
_READ_KEPT: Final = frozenset({"original_score", "final_score", "is_refined", "cycles"})
_PICKED: Final = "picked"
# These are called by what they were asked; the others by what they are for.
_NAMED_BY_PROMPT: Final = frozenset(
    {Purpose.TASK, Purpose.STEP, Purpose.SECTION, Purpose.STAGE, Purpose.SEARCH, Purpose.FETCH}
)


class TextsGone(SmartSpawnError):
    """What the run was asked is not kept any more."""

    code = "TEXTS_GONE"


def check_texts(run: Run) -> None:
    """Raises TextsGone for a run whose task and prompts were let go: it cannot be done again."""
    if run.texts_gone_at is not None or run.request.get(_GOING):
        when = f"was let go on {run.texts_gone_at:%Y-%m-%d}" if run.texts_gone_at else "is being let go"
        raise TextsGone(
            f"What this run was asked {when}, after the time for which this site keeps texts (RUN_TEXTS_KEPT_DAYS). "
            "It cannot be done again: start a new run with the task."
        )


def due_runs(now: datetime) -> QuerySet[Run]:
    """The runs that ended so long ago that their texts go; one that is under way or waits needs its own."""
    days = settings.RUN_TEXTS_KEPT_DAYS
    if not days:
        return Run.objects.none()
    return Run.objects.filter(texts_gone_at=None, finished_at__lt=now - timedelta(days=days), status__in=_ENDED)


def let_texts_go(now: datetime) -> int:
    """Let the texts of old runs go; how many runs. What a kill cut off is taken up by the next time."""
    gone_count = 0
    while runs := list(due_runs(now).order_by("finished_at")[:_RUNS_AT_ONCE]):
        gone_count += sum(_let_go(run, now) for run in runs)
    return gone_count


def _let_go(run: Run, now: datetime) -> bool:
    """Let go of one run's texts, some nodes at a time: the writes of a large one would keep others waiting for seconds.

    Every step may be done twice. What went wrong comes first: it names nodes by titles that are there until then.
    """
    if not _begin(run, now):
        return False
    said = asked_words(run.task, run.request)
    nodes = {node.key: node for node in Node.objects.filter(run=run).only(*_STRIPPED, "key", "purpose", "depends_on")}
    rows = bare_nodes(nodes, said)
    titles = {node.title: str(rows[node.pk]["title"]) for node in nodes.values()}
    Run.objects.filter(pk=run.pk).update(error=renamed(run.error, titles))
    _write(nodes.values(), rows, ("error",))
    _write(nodes.values(), rows, ("title", "spec", "data"))
    label = kept_label(run.label, run.task)
    with transaction.atomic():
        drop_plans(run.pk, now=now)
        Run.objects.filter(pk=run.pk).update(
            task="",
            label=label,
            request=bare_request(run.request, label),
            plan=bare_plan(run.plan, said),
            texts_gone_at=now,
        )
    return True


def _begin(run: Run, now: datetime) -> bool:
    """Mark the run, so that nobody has it done again meanwhile; False where somebody just has."""
    with transaction.atomic():
        held = due_runs(now).select_for_update().filter(pk=run.pk).first()
        if held is not None:
            Run.objects.filter(pk=run.pk).update(request={**held.request, _GOING: True})
    return held is not None


def _write(nodes: Iterable[Node], rows: Mapping[int, Row], names: Collection[str]) -> None:
    """Write these fields of the nodes in which one of them changes, a batch in each transaction."""
    changed = [node.pk for node in nodes if any(getattr(node, name) != rows[node.pk][name] for name in names)]
    for first in range(0, len(changed), BATCH_ROWS):
        update_rows(Node, {pk: {name: rows[pk][name] for name in names} for pk in changed[first : first + BATCH_ROWS]})


# --- what goes of each: pure --------------------------------------------------------------


class Asked:
    """All that a person wrote, for asking what repeats it.

    Ten thousand prompts are megabytes, and their nodes share a few words: each is sought once.
    """

    def __init__(self, said: str) -> None:
        self._said = said
        self._found: dict[str, bool] = {}

    def __contains__(self, line: str) -> bool:
        if line not in self._found:
            self._found[line] = bool(line) and line in self._said
        return self._found[line]


def asked_words(task: str, request: Mapping[str, Any]) -> str:
    """All that a person wrote, on one line, for seeing what repeats it."""
    chain = request.get("chain") or {}
    given = [task, *(request.get("prompts") or ()), *(request.get("subjects") or ()), request.get("topic") or ""]
    given += [request.get("context") or "", *_texts_of([chain.get(name) for name in ("task", "data", "input", "auto")])]
    return _one_line("\n".join(given))


def kept_label(label: str, task: str) -> str:
    """The name that a person gave a run, unless it is the task's beginning or holds the whole task."""
    name, asked = _one_line(label.removesuffix("…")), _one_line(task)
    return "" if asked and (asked.startswith(name) or asked in name) else label


def bare_request(request: Mapping[str, Any], label: str) -> Stored:
    """The request without what was asked: mode, bounds, tags and the models that were named stay."""
    options = {**(request.get("options") or {}), "schema": None}
    kept = {name: value for name, value in request.items() if name != _GOING}
    return {**kept, **_ASKED, "options": options, "label": label}


def bare_plan(plan: Mapping[str, Any], said: str) -> Stored:
    """The plan's head without a summary or notes that repeat what was asked."""
    asked = Asked(said)
    notes = [note for note in plan.get("notes", ()) if _title_line(note) not in asked]
    return {**plan, "summary": kept_title(str(plan.get("summary", "")), asked, ""), "notes": notes}


def bare_nodes(nodes: Mapping[str, Node], said: str) -> dict[int, Row]:
    """What stays of a run's nodes, by their ids."""
    asked = Asked(said)
    rows: dict[int, Row] = {node.pk: bare_node(node, asked, nodes.keys()) for node in nodes.values()}
    for node in nodes.values():
        if node.error:  # it may name what the node waited for
            near = [item for key in (node.key, *node.depends_on) if (item := nodes.get(key))]
            titles = {item.title: str(rows[item.pk]["title"]) for item in near}
            rows[node.pk] = {**rows[node.pk], "error": renamed(node.error, titles)}
    return rows


def bare_node(node: Node, asked: Asked, keys: Collection[str]) -> Stored:
    """What stays of a node's title, spec, reading and error."""
    spec: Mapping[str, Any] = node.spec
    own = _one_line(str(spec.get("prompt", ""))) if node.purpose in _NAMED_BY_PROMPT else ""
    title = kept_title(node.title, asked, node.key, own=own)
    params = {name: value for name, value in (spec.get("params") or {}).items() if name in _PARAMS_KEPT}
    bare = {**spec, "title": title, "prompt": "", "system": "", "schema": None, "params": params}
    return {"title": title, "spec": bare, "data": _bare_reading(node.data, keys), "error": node.error}


def renamed(error: str, titles: Mapping[str, str]) -> str:
    """What went wrong, with what stands in the place of titles that went."""
    for title in sorted((title for title in titles if title and titles[title] != title), key=len, reverse=True):
        error = error.replace(title, titles[title])
    return error


def kept_title(title: str, asked: Asked, otherwise: str, *, own: str = "") -> str:
    """The title without what repeats what was asked, or the node's own prompt: "Draft: Write a ..." is "Draft"."""
    lines = ((part, _title_line(part)) for part in title.split(": "))
    return ": ".join(part for part, line in lines if line and line not in own and line not in asked) or otherwise


def _bare_reading(data: object, keys: Collection[str]) -> Stored | None:
    if not isinstance(data, dict):
        return None
    kept = {name: data[name] for name in _READ_KEPT & data.keys() if isinstance(data[name], bool | int | float)}
    picked = data.get(_PICKED)
    return ({_PICKED: picked} if isinstance(picked, str) and picked in keys else {}) | kept or None


def _title_line(text: str) -> str:
    return _one_line(text.removesuffix("…"))


def _one_line(text: str) -> str:
    return " ".join(text.split()).casefold()


def _texts_of(values: Iterable[object]) -> list[str]:
    """Every text in these values, however deep."""
    found: list[str] = []
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
    return found
