"""Research: each subject is looked into by itself, then one report is written. A failure stays with its subject. "
"Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

from catalog.shapes import Category
from runs.plans.desk import Chosen, Desk
from runs.plans.draft import Draft
from runs.plans.nodes import Bench, ask_for, choose_merger, merge_node, named_model, work_node, work_params
from runs.plans.sizes import shorten
from runs.shapes import Feed, ModelChoice, NodeKind, NodeSpec, Purpose, RunRequest
from runs.texts.wording import analysis_prompt, grounded_prompt, research_synthesis_prompt, work_prompt
from smartspawn.lib.errors import Conflict, NoModel

RESULTS_PER_SUBJECT = 6
PAGES_PER_SUBJECT = 3
# What three pages of text come to; the forecast reckons with it, and cutting keeps to the model's context.
_PAGE_TOKENS = 9_000
_RESULT_TOKENS = 600


class _Way(Enum):
    """How the web is reached."""

    GROUNDED = auto()  # the provider searches while the model answers
    SEARCHED = auto()  # a search provider finds pages, we fetch them, a model reads them


def plan(request: RunRequest, desk: Desk) -> Draft:
    """Nodes for each subject and a synthesis. Raises Conflict where nothing can reach the web, NoModel."""
    bench = Bench.of(request, desk)
    subjects = request.subjects or (request.topic or request.task,)
    topic = (request.topic or request.task) if request.subjects else ""
    way, chosen, note = _way(bench, f"{topic} {'; '.join(subjects)}".strip())
    analysts, nodes = [], []
    for number, subject in enumerate(subjects, 1):
        look_into = _grounded if way is _Way.GROUNDED else _searched
        found = look_into(bench, number, subject, topic, chosen)
        nodes.extend(found)
        analysts.append(found[-1].key)
    task = f"{topic}\n\n" + "\n".join(f"- {subject}" for subject in subjects) if topic else subjects[0]
    how = "searched by the provider" if way is _Way.GROUNDED else "search, pages, analysis"
    summary = f"{len(subjects)} subject{'s' * (len(subjects) > 1)} by {chosen.models[0].model_id} ({how})"
    if len(subjects) == 1:
        return Draft(tuple(nodes), analysts[0], summary, task=task.strip()).with_notes(*bench.role.warnings, note)
    merge = _synthesis(bench, topic, subjects, analysts, chosen.models[0])
    return Draft((*nodes, merge), "merge", summary, task=task.strip()).with_notes(*bench.role.warnings, note)


def _way(bench: Bench, task: str) -> tuple[_Way, Chosen, str]:
    """The way that was asked for, else the other, with a note; refused where there is none."""
    wants_grounding = bench.request.options.web_search
    if wants_grounding or not bench.desk.can_search:
        grounded = _choose(bench, task, is_grounded=True)
        if grounded.models:
            return _Way.GROUNDED, grounded, "" if wants_grounding else _why_grounded(bench)
    if bench.desk.can_search:
        chosen = _choose(bench, task, is_grounded=False)
        if not chosen.models:
            raise NoModel(chosen.why_none)
        note = (
            "No model that can be reached searches by itself: the search provider is used." if wants_grounding else ""
        )
        return _Way.SEARCHED, chosen, note
    raise Conflict(
        f"Research needs the web. {bench.desk.why_no_search} Or connect a provider that searches by itself: "
        "OpenRouter, Google or Anthropic."
    )


def _why_grounded(bench: Bench) -> str:
    instead = (
        "Its models answer as if they had searched."
        if bench.request.is_simulated
        else "The model's own provider searches instead."
    )
    return f"{bench.desk.why_no_search} {instead}"


def _choose(bench: Bench, task: str, *, is_grounded: bool) -> Chosen:
    request = bench.request
    if request.model:
        model = named_model(bench.desk, request.model)
        is_fit = not is_grounded or bench.desk.can_ground(model.model_id)
        return Chosen((model,) if is_fit else ())
    # Research on PostgreSQL is research: what is looked into says nothing of the kind of work.
    ask = ask_for(bench, f"Research: {task}", is_grounded=is_grounded, category=Category.RESEARCH)
    return bench.desk.choose(ask)


def _grounded(bench: Bench, number: int, subject: str, topic: str, chosen: Chosen) -> list[NodeSpec]:
    prompt = work_prompt(grounded_prompt(subject, topic), bench.request.context)
    return [
        work_node(
            bench,
            f"research-{number}",
            subject,
            chosen.models[0],
            title=shorten(subject),
            prompt=prompt,
            kind=NodeKind.CALL,
            uses_web_search=True,
            fallbacks=chosen.spares,
            params=_about(bench, subject),
        )
    ]


def _searched(bench: Bench, number: int, subject: str, topic: str, chosen: Chosen) -> list[NodeSpec]:
    query = " ".join(f"{subject} {topic}".split())[:400]
    search = _tool(f"search-{number}", NodeKind.SEARCH, f"Search: {shorten(subject)}", _RESULT_TOKENS)
    search = replace(search, params={"query": query, "count": RESULTS_PER_SUBJECT})
    fetch = _tool(f"fetch-{number}", NodeKind.FETCH, f"Pages: {shorten(subject)}", _PAGE_TOKENS)
    fetch = replace(fetch, params={"count": PAGES_PER_SUBJECT}, depends_on=(search.key,))
    analyse = work_node(
        bench,
        f"research-{number}",
        subject,
        chosen.models[0],
        title=shorten(subject),
        prompt=work_prompt(analysis_prompt(subject, topic), bench.request.context),
        kind=NodeKind.CALL,
        uses_web_search=False,
        depends_on=(search.key, fetch.key),
        feed=Feed.CONTEXT,
        least_inputs=1,  # where no page can be fetched, the search results say something still
        fallbacks=chosen.spares,
        params=_about(bench, subject),
    )
    return [search, fetch, analyse]


def _about(bench: Bench, subject: str) -> dict[str, object]:
    """What the node carries besides: which subject its text belongs to."""
    return {**work_params(bench.request), "subject": subject}


def _tool(key: str, kind: NodeKind, title: str, tokens: int) -> NodeSpec:
    purpose = Purpose.SEARCH if kind is NodeKind.SEARCH else Purpose.FETCH
    return NodeSpec(key=key, kind=kind, purpose=purpose, title=title, max_output_tokens=tokens, max_attempts=2)


def _synthesis(
    bench: Bench, topic: str, subjects: Sequence[str], analysts: Sequence[str], default: ModelChoice
) -> NodeSpec:
    merger = choose_merger(bench, topic or subjects[0], default)
    prompt = work_prompt(research_synthesis_prompt(topic, subjects), bench.request.context)
    return merge_node(bench, "merge", analysts, prompt, merger, feed=Feed.CONTEXT)
