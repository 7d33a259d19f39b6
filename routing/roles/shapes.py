"""The frozen shapes of role blocks: the library, what is asked of it, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of block beside personas, as the wire names them, in the order of a composed role."""

    STACK = "stack"
    DOMAIN = "domain"
    FORMAT = "format"
    GUARDRAILS = "guardrails"


@dataclass(frozen=True, slots=True)
class Persona:
    """Who speaks: what they attend to, how they answer, and the guardrails they bring along."""

    persona_id: str
    title: str
    core: str
    style: str
    guardrails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Instructions on one technology, field, kind of output or rule."""

    block_id: str
    instructions: tuple[str, ...]
    note: str = ""  # the version that the instructions are written for


@dataclass(frozen=True, slots=True)
class RoleLibrary:
    """Every persona and block, by id."""

    personas: Mapping[str, Persona]
    blocks: Mapping[Kind, Mapping[str, Block]]


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """A task and the ids of what its role is made of; an empty id or list asks for nothing."""

    task: str
    persona: str = ""
    stack: tuple[str, ...] = ()
    domain: str = ""
    output_format: str = ""
    guardrails: tuple[str, ...] = ()  # empty: those that the persona brings along
    max_words: int | None = None  # for the role, without the task; None: no limit


@dataclass(frozen=True, slots=True)
class ComposedRole:
    """The prompt, with what went into it and warnings about what did not."""

    has_role: bool
    persona: str | None  # as asked for, known or not
    persona_title: str | None
    stack: tuple[str, ...]
    domain: str | None
    output_format: str | None
    guardrails: tuple[str, ...]
    word_count: int  # of the role; of the task where there is no role
    full_prompt: str
    warnings: tuple[str, ...]
    role_text: str = ""  # the role alone, for those who send it apart from the task
