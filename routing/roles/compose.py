"""A role from its blocks: everything that was asked for, or a warning about what is missing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from routing.roles.load import load_library
from routing.roles.shapes import Block, ComposedRole, Kind, Persona, RoleLibrary, RoleRequest

_HEADINGS: Final = {
    Kind.STACK: "### Stack",
    Kind.DOMAIN: "### Domain",
    Kind.FORMAT: "### Output",
    Kind.GUARDRAILS: "### Rules",
}
_UNKNOWN: Final = {
    Kind.STACK: "Unknown stack blocks",
    Kind.DOMAIN: "Unknown domain",
    Kind.FORMAT: "Unknown format",
    Kind.GUARDRAILS: "Unknown guardrails",
}
# What stays longest under a limit of words: rules protect people, the rest improves the work.
_KEPT_FIRST: Final = (Kind.GUARDRAILS, Kind.FORMAT, Kind.STACK, Kind.DOMAIN)
_LONGEST_SHOWN_ID: Final = 80


@dataclass(frozen=True, slots=True)
class _Line:
    """One instruction and its place in its block."""

    kind: Kind
    block: Block
    rank: int

    @property
    def text(self) -> str:
        return self.block.instructions[self.rank]


def compose_role(request: RoleRequest, library: RoleLibrary | None = None) -> ComposedRole:
    """The task with its role in front; what is unknown or does not fit the limit is named in the warnings."""
    library = library or load_library()
    persona = library.personas.get(request.persona)
    asked = _asked_ids(request, persona)
    lines = [line for kind in Kind for line in _lines(kind, asked[kind], library)]
    kept = _fit(lines, persona, request.max_words)
    role = _render(persona, kept)
    return ComposedRole(
        has_role=bool(role),
        persona=_shown(request.persona) if request.persona else None,
        persona_title=persona.title if persona else None,
        stack=_block_ids(kept, Kind.STACK),
        domain=next(iter(_block_ids(kept, Kind.DOMAIN)), None),
        output_format=next(iter(_block_ids(kept, Kind.FORMAT)), None),
        guardrails=_block_ids(kept, Kind.GUARDRAILS),
        word_count=_count_words(role or request.task),
        full_prompt=f"{role}\n\n---\n\n## Task\n\n{request.task}" if role else request.task,
        warnings=(
            *_unknown_warnings(request, asked, library),
            *_limit_warnings(lines, kept, request.max_words, _count_words(role)),
        ),
        role_text=role,
    )


def _asked_ids(request: RoleRequest, persona: Persona | None) -> dict[Kind, tuple[str, ...]]:
    """The ids by kind, each once; a persona's own guardrails stand in where none are asked for."""
    automatic = persona.guardrails if persona else ()
    asked: dict[Kind, Iterable[str]] = {
        Kind.STACK: request.stack,
        Kind.DOMAIN: [request.domain] if request.domain else [],
        Kind.FORMAT: [request.output_format] if request.output_format else [],
        Kind.GUARDRAILS: request.guardrails or automatic,
    }
    return {kind: tuple(dict.fromkeys(ids)) for kind, ids in asked.items()}


def _lines(kind: Kind, ids: Iterable[str], library: RoleLibrary) -> list[_Line]:
    known = library.blocks[kind]
    blocks = [known[block_id] for block_id in ids if block_id in known]
    return [_Line(kind, block, rank) for block in blocks for rank in range(len(block.instructions))]


def _block_ids(lines: Iterable[_Line], kind: Kind) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.block.block_id for line in lines if line.kind is kind))


# --- the limit ---------------------------------------------------------------------------------


def _fit(lines: Sequence[_Line], persona: Persona | None, max_words: int | None) -> Sequence[_Line]:
    """The lines that stay: each block's first instruction before any block's second."""
    if max_words is None:
        return lines
    order = sorted(
        range(len(lines)), key=lambda place: (lines[place].rank, _KEPT_FIRST.index(lines[place].kind), place)
    )

    def first(count: int) -> list[_Line]:
        return [lines[place] for place in sorted(order[:count])]

    # Words only grow with the number of lines, so the last number that fits can be searched for by halves.
    counts = range(len(lines) + 1)
    fitting = bisect_right(counts, max_words, key=lambda count: _count_words(_render(persona, first(count))))
    return first(max(fitting - 1, 0))


def _limit_warnings(
    lines: Sequence[_Line], kept: Sequence[_Line], max_words: int | None, word_count: int
) -> Iterable[str]:
    if max_words is None:
        return
    kept_lines = set(kept)
    dropped: dict[tuple[Kind, str], list[_Line]] = {}
    for line in lines:
        if line not in kept_lines:
            dropped.setdefault((line.kind, line.block.block_id), []).append(line)
    for (kind, block_id), missing in dropped.items():
        share = f"{len(missing)} of {len(missing[0].block.instructions)}"
        texts = " ".join(line.text for line in missing)
        yield f'Left out for the limit of {max_words} words: {share} of {kind} "{block_id}": {texts}'
    if word_count > max_words:
        yield f"The role has {word_count} words: persona and style are not cut to the limit of {max_words}."


# --- as text -----------------------------------------------------------------------------------


def _render(persona: Persona | None, lines: Sequence[_Line]) -> str:
    sections = [f"## Role: {persona.title}\n{persona.core}"] if persona else []
    for kind in Kind:
        texts = [f"- {line.text}" for line in lines if line.kind is kind]
        if texts:
            sections.append("\n".join([_HEADINGS[kind], *texts]))
        notes = dict.fromkeys(line.block.note for line in lines if line.kind is kind and line.block.note)
        if notes:
            sections.append(f"> {' '.join(notes)}")
    if persona:
        sections.append(f"Style: {persona.style}")
    return "\n\n".join(sections)


def _count_words(text: str) -> int:
    return len(text.split())


def _unknown_warnings(request: RoleRequest, asked: dict[Kind, tuple[str, ...]], library: RoleLibrary) -> Iterable[str]:
    if request.persona and request.persona not in library.personas:
        yield f'Unknown persona: "{_shown(request.persona)}"'
    for kind, ids in asked.items():
        unknown = [f'"{_shown(block_id)}"' for block_id in ids if block_id not in library.blocks[kind]]
        if unknown:
            yield f"{_UNKNOWN[kind]}: {', '.join(unknown)}"


def _shown(asked_id: str) -> str:
    """The id as it can stand in a message: on one line, and not longer than any real one by far."""
    plain = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in asked_id)
    return plain if len(plain) <= _LONGEST_SHOWN_ID else f"{plain[:_LONGEST_SHOWN_ID]}…"
