"""Composing: the order of sections, nothing dropped silently, nothing that was not asked for."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from routing.roles.compose import compose_role
from routing.roles.load import load_library
from routing.roles.shapes import ComposedRole, Kind, RoleRequest

TASK = "Build a dashboard with auth and billing"
# The example of the documentation, which an instruction limit once cut to pieces.
EXAMPLE = RoleRequest(
    task=TASK,
    persona="fullstack-engineer",
    stack=("nextjs", "typescript", "postgres", "stripe"),
    domain="saas",
    output_format="full-implementation",
    guardrails=("code", "security", "production"),
)
HOSTILE = ("constructor", "__proto__", "toString", "hasOwnProperty", "undefined", "x" * 10_000, "a\nb\x00", "\ud800")


def headings(prompt: str) -> list[str]:
    return re.findall(r"^(?:#+ [^\n:]+|> |Style|---$)", prompt, re.MULTILINE)


def instructions(prompt: str) -> list[str]:
    return re.findall(r"^- (.*)$", prompt, re.MULTILINE)


def asked_instructions(request: RoleRequest) -> list[str]:
    """What a request for known blocks must bring, block after block."""
    blocks = load_library().blocks
    asked = [
        *((Kind.STACK, key) for key in request.stack),
        *([(Kind.DOMAIN, request.domain)] if request.domain else []),
        *([(Kind.FORMAT, request.output_format)] if request.output_format else []),
        *((Kind.GUARDRAILS, key) for key in request.guardrails),
    ]
    return [text for kind, key in dict.fromkeys(asked) for text in blocks[kind][key].instructions]


def random_request(rng: random.Random) -> RoleRequest:
    library = load_library()

    def some(kind: Kind, most: int) -> tuple[str, ...]:
        return tuple(rng.choices(list(library.blocks[kind]), k=rng.randint(0, most)))

    return RoleRequest(
        task=TASK,
        persona=rng.choice(["", *library.personas]),
        stack=some(Kind.STACK, 9),
        domain=next(iter(some(Kind.DOMAIN, 1)), ""),
        output_format=next(iter(some(Kind.FORMAT, 1)), ""),
        guardrails=some(Kind.GUARDRAILS, 6),
    )


def test_the_documented_example_keeps_every_block_whole() -> None:
    role = compose_role(EXAMPLE)
    assert instructions(role.full_prompt) == asked_instructions(EXAMPLE)
    assert len(instructions(role.full_prompt)) == 16 + 4 + 3 + 9
    assert role.stack == EXAMPLE.stack
    assert (role.domain, role.output_format, role.guardrails) == ("saas", "full-implementation", EXAMPLE.guardrails)
    assert (role.has_role, role.persona, role.persona_title) == (True, "fullstack-engineer", "Fullstack Engineer")
    assert role.warnings == ()


def test_sections_come_in_order_and_the_task_ends_the_prompt() -> None:
    prompt = compose_role(EXAMPLE).full_prompt
    expected = ["## Role", "### Stack", "> ", "### Domain", "### Output", "### Rules", "Style", "---", "## Task"]
    assert headings(prompt) == expected
    persona = load_library().personas["fullstack-engineer"]
    assert prompt.startswith(f"## Role: {persona.title}\n{persona.core}\n\n### Stack\n- ")
    assert prompt.endswith(f"\n\nStyle: {persona.style}\n\n---\n\n## Task\n\n{TASK}")
    assert "\n\n\n" not in prompt


def test_notes_of_several_technologies_stand_on_one_line() -> None:
    blocks = load_library().blocks[Kind.STACK]
    prompt = compose_role(RoleRequest(task=TASK, stack=("python", "go", "java"))).full_prompt
    assert f"\n\n> {blocks['python'].note} {blocks['java'].note}\n\n---" in prompt


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_asked_for_is_there_once_and_in_order(seed: int) -> None:
    request = random_request(random.Random(seed))
    role = compose_role(request)
    if request.persona and not request.guardrails:
        request = replace(request, guardrails=load_library().personas[request.persona].guardrails)
    assert instructions(role.full_prompt) == asked_instructions(request)
    assert role.stack == tuple(dict.fromkeys(request.stack))
    assert role.guardrails == tuple(dict.fromkeys(request.guardrails))
    assert role.warnings == ()
    part = role.full_prompt.removesuffix(f"\n\n---\n\n## Task\n\n{TASK}")
    assert role.word_count == len(part.split())


@pytest.mark.parametrize("seed", range(20))
def test_composing_from_what_was_composed_gives_the_same(seed: int) -> None:
    request = random_request(random.Random(seed))
    role = compose_role(request)
    assert compose_role(_request_of(role, request)) == role


def _request_of(role: ComposedRole, request: RoleRequest) -> RoleRequest:
    return RoleRequest(
        task=request.task,
        persona=role.persona or "",
        stack=role.stack,
        domain=role.domain or "",
        output_format=role.output_format or "",
        guardrails=role.guardrails,
    )


@pytest.mark.parametrize("task", [TASK, "  spaces stay  ", "## Role: somebody\n\n---\n\n## Task\n\nelse", "数 🙂"])
def test_without_a_role_the_prompt_is_the_task(task: str) -> None:
    role = compose_role(RoleRequest(task=task))
    assert role == ComposedRole(
        has_role=False,
        persona=None,
        persona_title=None,
        stack=(),
        domain=None,
        output_format=None,
        guardrails=(),
        word_count=len(task.split()),
        full_prompt=task,
        warnings=(),
    )


def test_asking_for_guardrails_replaces_those_of_the_persona() -> None:
    assert compose_role(RoleRequest(task=TASK, persona="devops-engineer")).guardrails == (
        "code",
        "production",
        "concise",
    )
    asked = compose_role(RoleRequest(task=TASK, persona="devops-engineer", guardrails=("accuracy",)))
    assert asked.guardrails == ("accuracy",)
    unknown = compose_role(RoleRequest(task=TASK, persona="devops-engineer", guardrails=("polite",)))
    assert unknown.guardrails == ()
    assert unknown.warnings == ('Unknown guardrails: "polite"',)


def test_warnings_come_by_kind_and_name_each_unknown_id_once() -> None:
    role = compose_role(
        RoleRequest(
            task=TASK,
            persona="wizard",
            stack=("cobol", "go", "next.js", "cobol"),
            domain="space",
            output_format="haiku",
            guardrails=("polite", "code"),
        )
    )
    assert role.warnings == (
        'Unknown persona: "wizard"',
        'Unknown stack blocks: "cobol", "next.js"',
        'Unknown domain: "space"',
        'Unknown format: "haiku"',
        'Unknown guardrails: "polite"',
    )
    assert (role.persona, role.persona_title) == ("wizard", None)
    assert (role.stack, role.domain, role.output_format, role.guardrails) == (("go",), None, None, ("code",))
    assert headings(role.full_prompt) == ["### Stack", "### Rules", "---", "## Task"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_id_is_a_short_warning_and_nothing_else(hostile: str) -> None:
    role = compose_role(
        RoleRequest(
            task=TASK, persona=hostile, stack=(hostile,), domain=hostile, output_format=hostile, guardrails=(hostile,)
        )
    )
    assert not role.has_role
    assert role.full_prompt == TASK
    assert role.persona_title is None
    assert len(role.warnings) == 5
    assert all(len(warning) < 120 and warning.isprintable() for warning in role.warnings)


@pytest.mark.parametrize("persona", ["wizard", "constructor", "Fullstack-Engineer"])
def test_an_unknown_persona_brings_no_guardrails(persona: str) -> None:
    role = compose_role(RoleRequest(task=TASK, persona=persona, stack=("go",)))
    assert role.guardrails == ()
    assert headings(role.full_prompt) == ["### Stack", "---", "## Task"]


# --- a limit of words --------------------------------------------------------------------------


@pytest.mark.parametrize("max_words", [1, 100, 250, 400, 600, 5_000])
def test_under_a_limit_each_instruction_is_either_there_or_named(max_words: int) -> None:
    role = compose_role(replace(EXAMPLE, max_words=max_words))
    kept = instructions(role.full_prompt)
    told = " ".join(role.warnings)
    assert kept == [text for text in asked_instructions(EXAMPLE) if text in kept]
    for text in asked_instructions(EXAMPLE):
        assert (text in kept) != (text in told)
    if role.word_count > max_words:
        assert kept == []
        assert str(role.word_count) in role.warnings[-1]


def test_a_limit_that_just_fits_costs_nothing_and_one_word_less_one_instruction() -> None:
    whole = compose_role(EXAMPLE)
    assert compose_role(replace(EXAMPLE, max_words=whole.word_count)) == whole
    less = compose_role(replace(EXAMPLE, max_words=whole.word_count - 1))
    assert len(instructions(less.full_prompt)) == len(instructions(whole.full_prompt)) - 1
    assert len(less.warnings) == 1


def test_a_limit_costs_each_block_its_last_instructions_first() -> None:
    whole = compose_role(EXAMPLE)
    role = compose_role(replace(EXAMPLE, max_words=450))
    assert 400 < role.word_count <= 450
    assert (role.stack, role.domain, role.guardrails) == (whole.stack, whole.domain, whole.guardrails)
    counts = [len([text for text in asked if text in role.full_prompt]) for asked in _texts_of_stack(EXAMPLE)]
    assert max(counts) - min(counts) <= 1
    assert any('of stack "stripe": ' in warning for warning in role.warnings)


def test_a_block_that_lost_everything_is_not_said_to_apply() -> None:
    role = compose_role(RoleRequest(task=TASK, stack=("go", "nextjs"), max_words=30))
    assert role.stack == ("go",)
    assert "Next.js 16" not in role.full_prompt
    assert any('4 of 4 of stack "nextjs"' in warning for warning in role.warnings)
    nothing = compose_role(RoleRequest(task=TASK, stack=("go",), max_words=1))
    assert (nothing.has_role, nothing.full_prompt, nothing.stack) == (False, TASK, ())
    bare = compose_role(replace(EXAMPLE, max_words=1))
    assert (bare.stack, bare.domain, bare.output_format, bare.guardrails) == ((), None, None, ())


def test_a_wider_limit_never_loses_an_instruction() -> None:
    former: set[str] = set()
    for max_words in range(1, 900, 37):
        kept = set(instructions(compose_role(replace(EXAMPLE, max_words=max_words)).full_prompt))
        assert former <= kept
        former = kept


def _texts_of_stack(request: RoleRequest) -> list[tuple[str, ...]]:
    return [load_library().blocks[Kind.STACK][key].instructions for key in request.stack]
