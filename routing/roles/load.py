"""The role blocks that come with the product, read from ``data/`` and checked once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Final, TypeVar

import msgspec
import yaml

from routing.roles.shapes import Block, Kind, Persona, RoleLibrary

PERSONAS_FILE: Final = "personas.yaml"
BLOCK_FILES: Final[Mapping[Kind, str]] = {
    Kind.STACK: "stack.yaml",
    Kind.DOMAIN: "domains.yaml",
    Kind.FORMAT: "formats.yaml",
    Kind.GUARDRAILS: "guardrails.yaml",
}
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# One line without spaces around it that ends as a sentence does.
_SENTENCE: Final = r"^\S[^\r\n]*[.?!]$"
# The C loader is some ten times as fast; it is part of every wheel, but not of every build from source.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Sentence = Annotated[str, msgspec.Meta(min_length=30, max_length=240, pattern=_SENTENCE)]
Portrait = Annotated[str, msgspec.Meta(min_length=150, max_length=400, pattern=_SENTENCE)]
Title = Annotated[str, msgspec.Meta(min_length=3, max_length=40, pattern=r"^\S[^\r\n]*\S$")]


class RoleFileFault(ValueError):
    """A data file of role blocks cannot be used; the message names the file and the entry."""


class _RawBlock(msgspec.Struct, forbid_unknown_fields=True):
    instructions: Annotated[list[Sentence], msgspec.Meta(min_length=1)]
    note: Sentence | None = None


class _RawPersona(msgspec.Struct, forbid_unknown_fields=True):
    title: Title
    core: Portrait
    style: Sentence
    guardrails: list[str]


Raw = TypeVar("Raw", _RawBlock, _RawPersona)


@cache
def load_library() -> RoleLibrary:
    """The shipped personas and blocks. Raises RoleFileFault where a file is broken."""
    folder = resources.files("routing.roles").joinpath("data")
    return parse_library(
        {name: folder.joinpath(name).read_text("utf-8") for name in (PERSONAS_FILE, *BLOCK_FILES.values())}
    )


def parse_library(texts: Mapping[str, str]) -> RoleLibrary:
    """The library in these files' texts, by file name. Raises RoleFileFault naming file and entry."""
    blocks = {kind: _parse_blocks(texts[name], name) for kind, name in BLOCK_FILES.items()}
    personas = _parse_personas(texts[PERSONAS_FILE], blocks[Kind.GUARDRAILS])
    _refuse_repetition(blocks)
    return RoleLibrary(personas=personas, blocks=blocks)


def _parse_blocks(text: str, name: str) -> dict[str, Block]:
    return {
        block_id: Block(block_id, tuple(raw.instructions), raw.note or "")
        for block_id, raw in _read(text, name, _RawBlock)
    }


def _parse_personas(text: str, guardrails: Mapping[str, Block]) -> dict[str, Persona]:
    personas = {}
    for persona_id, raw in _read(text, PERSONAS_FILE, _RawPersona):
        unknown = [word for word in raw.guardrails if word not in guardrails]
        if unknown:
            raise RoleFileFault(f"{PERSONAS_FILE}, {persona_id}: there is no guardrail '{unknown[0][:40]}'.")
        personas[persona_id] = Persona(persona_id, raw.title, raw.core, raw.style, tuple(raw.guardrails))
    return personas


def _read(text: str, name: str, shape: type[Raw]) -> Iterator[tuple[str, Raw]]:
    for entry_id, value in _entries(text, name).items():
        if not isinstance(entry_id, str) or not _ID.fullmatch(entry_id):
            raise RoleFileFault(f"{name}, {str(entry_id)[:40]}: an id is made of small letters, digits and hyphens.")
        try:
            yield entry_id, msgspec.convert(value, shape)
        except msgspec.ValidationError as fault:
            raise RoleFileFault(f"{name}, {entry_id}: {fault}.") from fault


def _entries(text: str, name: str) -> dict[object, object]:
    try:
        _refuse_double_keys(yaml.compose(text, Loader=_LOADER), name)
        entries = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe loaders
    except yaml.YAMLError as fault:
        raise RoleFileFault(f"{name}: {fault}") from fault
    if not isinstance(entries, dict) or not entries:
        raise RoleFileFault(f"{name}: the file needs at least one id with an entry below it.")
    return entries


def _refuse_double_keys(node: yaml.Node | None, place: str) -> None:
    """YAML's loader lets the later of two equal keys win without a word."""
    if not isinstance(node, yaml.MappingNode):
        return
    counts = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
    double = [key for key, count in counts.items() if count > 1]
    if double:
        raise RoleFileFault(f"{place}, {double[0]}: this stands there twice.")
    for key, value in node.value:
        _refuse_double_keys(value, f"{place}, {key.value}")


def _refuse_repetition(blocks: Mapping[Kind, Mapping[str, Block]]) -> None:
    """The same words twice in one prompt cost tokens and say nothing."""
    first_place: dict[str, str] = {}
    for kind, by_id in blocks.items():
        for block in by_id.values():
            for text in block.instructions:
                place = f"{BLOCK_FILES[kind]}, {block.block_id}"
                former = first_place.setdefault(" ".join(text.casefold().split()), place)
                if former is not place:
                    raise RoleFileFault(f"{place}: '{text[:40]}...' already stands in {former}.")
