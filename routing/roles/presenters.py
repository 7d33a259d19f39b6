"""Role blocks and composed roles as clients of the API see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from routing.roles.shapes import Block, ComposedRole, Kind, RoleLibrary


class PersonaPayload(TypedDict):
    id: str
    title: str
    core: str


class BlockPayload(TypedDict):
    id: str
    instructions: int


class BlocksPayload(TypedDict):
    personas: list[PersonaPayload]
    stack: list[BlockPayload]
    domains: list[BlockPayload]
    formats: list[BlockPayload]
    guardrails: list[str]
    counts: dict[str, int]


class ComposedRolePayload(TypedDict):
    hasRole: bool
    persona: str | None
    personaTitle: str | None
    stack: list[str]
    domain: str | None
    format: str | None
    guardrails: list[str]
    wordCount: int
    fullPrompt: str
    warnings: NotRequired[list[str]]


def blocks_payload(library: RoleLibrary) -> BlocksPayload:
    """What there is to choose from: ids, with the number of instructions behind each."""
    stack, domains = library.blocks[Kind.STACK], library.blocks[Kind.DOMAIN]
    formats, guardrails = library.blocks[Kind.FORMAT], library.blocks[Kind.GUARDRAILS]
    return {
        "personas": [
            {"id": persona.persona_id, "title": persona.title, "core": persona.core}
            for persona in library.personas.values()
        ],
        "stack": _block_payloads(stack),
        "domains": _block_payloads(domains),
        "formats": _block_payloads(formats),
        "guardrails": list(guardrails),
        "counts": {
            "personas": len(library.personas),
            "stack": len(stack),
            "domains": len(domains),
            "formats": len(formats),
            "guardrails": len(guardrails),
        },
    }


def composed_role_payload(role: ComposedRole) -> ComposedRolePayload:
    """The composed role; without a key for warnings where there are none."""
    payload: ComposedRolePayload = {
        "hasRole": role.has_role,
        "persona": role.persona,
        "personaTitle": role.persona_title,
        "stack": list(role.stack),
        "domain": role.domain,
        "format": role.output_format,
        "guardrails": list(role.guardrails),
        "wordCount": role.word_count,
        "fullPrompt": role.full_prompt,
    }
    if role.warnings:
        payload["warnings"] = list(role.warnings)
    return payload


def _block_payloads(blocks: Mapping[str, Block]) -> list[BlockPayload]:
    return [{"id": block.block_id, "instructions": len(block.instructions)} for block in blocks.values()]
