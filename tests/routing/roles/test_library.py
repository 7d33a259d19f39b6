"""The shipped blocks: the ids and counts that clients rely on, and texts worth their tokens."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from routing.roles.load import BLOCK_FILES, PERSONAS_FILE, RoleFileFault, load_library, parse_library
from routing.roles.presenters import blocks_payload
from routing.roles.shapes import Kind

# Each id with its number of instructions, as the wire has had them from the first day.
STACK = """
    react4 nextjs4 vue3 svelte3 angular3 tailwind3 shadcn2 css3 animation3 threejs3 nodejs4 typescript4 python4 fastapi3
    django3 flask3 rust3 go4 java3 csharp3 php3 ruby3 elixir4 swift3 kotlin3 react-native3 flutter3 sql3 postgres4
    mysql3 supabase3 prisma3 drizzle3 mongodb3 redis3 elasticsearch3 kafka3 rabbitmq3 graphql3 rest3 grpc3 websocket3
    auth4 stripe4 payment-general3 docker4 kubernetes4 cicd4 terraform3 aws3 gcp3 nginx3 caddy2 monitoring4 testing4
    playwright3 bash4 powershell3 llm4 rag4 langchain3 fine-tuning3 pytorch3 pandas3 solidity4 web3-frontend3 vercel3
    railway3 cloudflare3 firebase3 convex3 markdown3 astro3 json3 yaml3 regex3 email4 a11y4 seo4 performance4 i18n4 git3
"""
DOMAINS = """
    fintech4 ecommerce3 saas4 marketplace3 gaming3 crypto3 healthcare4 education3 media3 iot3 logistics3 real-estate3
    social-platform3 legal3 developer-tools4
"""
FORMATS = """
    full-implementation3 fix-debug3 refactor3 explain3 review3 comparison3 planning4 documentation4 copywriting4
    social-post3 data-report4 migration4 pitch-deck3 project-proposal4 user-story3 email3 legal-doc4
"""
GUARDRAILS = "code3 research3 concise2 security3 production3 accuracy3"
AUTOMATIC = {
    "software-engineer": "code concise",
    "frontend-engineer": "code concise",
    "backend-engineer": "code concise",
    "fullstack-engineer": "code concise",
    "devops-engineer": "code production concise",
    "data-engineer": "code concise",
    "mobile-engineer": "code concise",
    "systems-engineer": "code concise",
    "security-engineer": "security code concise",
    "ml-engineer": "code concise",
    "performance-engineer": "code concise",
    "architect": "production concise",
    "api-designer": "code concise",
    "database-architect": "code concise",
    "analyst": "research accuracy concise",
    "data-analyst": "research accuracy concise",
    "market-analyst": "research accuracy concise",
    "financial-analyst": "research accuracy concise",
    "problem-solver": "concise",
    "debugger": "concise",
    "mathematician": "concise",
    "writer": "concise",
    "technical-writer": "concise",
    "copywriter": "concise",
    "editor": "concise",
    "social-media": "concise",
    "product-manager": "concise",
    "strategist": "concise",
    "ux-researcher": "research accuracy concise",
    "project-manager": "concise",
    "ui-designer": "concise",
    "brand-designer": "concise",
    "sysadmin": "production concise",
    "teacher": "concise",
    "legal-analyst": "concise",
    "assistant": "concise",
}
_NOTHING_SAYING = (
    "a an the and or of to in on with for by that it its is are be as so from at not no what which where when only "
    "each every never rather than instead before after you your"
)


def counted(words: str) -> list[tuple[str, int]]:
    return [(word[:-1], int(word[-1])) for word in words.split()]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.STACK, STACK), (Kind.DOMAIN, DOMAINS), (Kind.FORMAT, FORMATS), (Kind.GUARDRAILS, GUARDRAILS)],
)
def test_ids_their_order_and_their_counts_are_those_of_the_wire(kind: Kind, expected: str) -> None:
    blocks = load_library().blocks[kind]
    assert [(block_id, len(block.instructions)) for block_id, block in blocks.items()] == counted(expected)


def test_personas_bring_along_the_guardrails_of_the_wire() -> None:
    personas = load_library().personas
    assert {key: " ".join(persona.guardrails) for key, persona in personas.items()} == AUTOMATIC
    assert list(personas) == list(AUTOMATIC)
    assert len({persona.title for persona in personas.values()}) == 36


def test_six_technologies_name_the_version_that_is_assumed() -> None:
    noted = {key for key, block in load_library().blocks[Kind.STACK].items() if block.note}
    assert noted == {"nextjs", "vue", "angular", "python", "java", "csharp"}
    others = [kind for kind in Kind if kind is not Kind.STACK]
    assert not any(block.note for kind in others for block in load_library().blocks[kind].values())


def test_the_list_of_blocks_counts_what_it_lists() -> None:
    payload = blocks_payload(load_library())
    assert payload["counts"] == {"personas": 36, "stack": 82, "domains": 15, "formats": 17, "guardrails": 6}
    assert {key: len(payload[key]) for key in payload["counts"]} == payload["counts"]  # type: ignore[literal-required]  # the keys are those counted
    assert payload["stack"][0] == {"id": "react", "instructions": 4}
    assert payload["guardrails"][0] == "code"
    assert set(payload["personas"][0]) == {"id", "title", "core"}


def all_texts() -> dict[str, str]:
    library = load_library()
    texts = {f"{key} core": persona.core for key, persona in library.personas.items()}
    texts |= {f"{key} style": persona.style for key, persona in library.personas.items()}
    for kind, blocks in library.blocks.items():
        for key, block in blocks.items():
            texts |= {f"{kind} {key} {place}": text for place, text in enumerate(block.instructions)}
            texts |= {f"{kind} {key} note": block.note} if block.note else {}
    return texts


def test_every_text_is_a_clean_sentence_with_its_marks_in_pairs() -> None:
    for place, text in all_texts().items():
        assert text[0].isupper(), place
        assert text.endswith("."), place
        assert "  " not in text, place
        assert text.count("`") % 2 == 0, place
        assert [text.count(mark) for mark in "([{"] == [text.count(mark) for mark in ")]}"], place


def test_no_two_texts_give_the_same_advice() -> None:
    nothing_saying = set(_NOTHING_SAYING.split())
    words = {place: set(re.findall(r"[a-z0-9]+", text.lower())) - nothing_saying for place, text in all_texts().items()}
    for (one, ours), (other, theirs) in combinations(words.items(), 2):
        assert len(ours & theirs) < 0.5 * min(len(ours), len(theirs)), f"{one} / {other}: {ours & theirs}"


# --- broken files ------------------------------------------------------------------------------

GOOD = "Keep this sentence long enough to be an instruction."
FILES = {
    PERSONAS_FILE: f"writer:\n  title: Writer\n  core: {'You write. ' * 20}Well.\n"
    f"  style: {GOOD}\n  guardrails: [code]\n",
    BLOCK_FILES[Kind.STACK]: f"go:\n  instructions: ['1 {GOOD}']\n",
    BLOCK_FILES[Kind.DOMAIN]: f"saas:\n  instructions: ['2 {GOOD}']\n",
    BLOCK_FILES[Kind.FORMAT]: f"email:\n  instructions: ['3 {GOOD}']\n",
    BLOCK_FILES[Kind.GUARDRAILS]: f"code:\n  instructions: ['4 {GOOD}']\n",
}


def test_files_of_one_entry_each_make_a_library() -> None:
    library = parse_library(FILES)
    assert library.personas["writer"].guardrails == ("code",)
    assert library.blocks[Kind.STACK]["go"].instructions == (f"1 {GOOD}",)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("stack.yaml", "", r"stack\.yaml: the file needs at least one id"),
        ("stack.yaml", "- go", r"stack\.yaml: the file needs at least one id"),
        ("stack.yaml", "go: [", r"stack\.yaml: (?s:.*)line [12]"),
        ("stack.yaml", "go: {}", r"stack\.yaml, go: .*`instructions`"),
        ("stack.yaml", "go: {instructions: []}", r"stack\.yaml, go: .*instructions"),
        ("stack.yaml", "go: {instructions: [7]}", r"stack\.yaml, go: .*str.*instructions\[0\]"),
        ("stack.yaml", "go: {instructions: ['Too short.']}", r"stack\.yaml, go: .*instructions\[0\]"),
        ("stack.yaml", f"go: {{instructions: ['{GOOD[:-1]}']}}", r"stack\.yaml, go: .*instructions\[0\]"),
        ("stack.yaml", f"go: {{instructions: ['{GOOD * 5}']}}", r"stack\.yaml, go: .*instructions\[0\]"),
        ("stack.yaml", f"go: {{instructions: ['{GOOD}'], notes: x}}", r"stack\.yaml, go: .*notes"),
        ("stack.yaml", f"Go!: {{instructions: ['{GOOD}']}}", r"stack\.yaml, Go!: an id is made of"),
        ("stack.yaml", f"1: {{instructions: ['{GOOD}']}}", r"stack\.yaml, 1: an id is made of"),
        ("stack.yaml", FILES["stack.yaml"] * 2, r"stack\.yaml, go: this stands there twice"),
        ("stack.yaml", FILES["stack.yaml"] + "  instructions: []", r"stack\.yaml, go, instructions: .*twice"),
        ("stack.yaml", FILES["domains.yaml"], r"domains\.yaml, saas: .* already stands in stack\.yaml, saas"),
        ("stack.yaml", f"go: {{instructions: ['{GOOD}', '{GOOD}']}}", r"stack\.yaml, go: .* already stands in stack"),
        ("personas.yaml", FILES["personas.yaml"].replace("code", "cod"), r"personas\.yaml, writer: .*'cod'"),
        ("personas.yaml", FILES["personas.yaml"].replace("title", "name"), r"personas\.yaml, writer: .*name"),
    ],
)
def test_a_broken_file_is_refused_by_file_and_entry(name: str, text: str, message: str) -> None:
    with pytest.raises(RoleFileFault, match=message):
        parse_library({**FILES, name: text})
