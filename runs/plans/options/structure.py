"""Structured answers: the JSON Schema goes to every node whose text can become the answer. Pure."""

from __future__ import annotations

from dataclasses import replace

from runs.plans.draft import Draft
from runs.plans.nodes import Bench
from runs.plans.options.rewriting import answer_keys, find_producers, replace_nodes
from runs.shapes import NodeKind, NodeSpec
from runs.texts.schema_check import check_schema
from smartspawn.lib.errors import InvalidParam


def add_schema(draft: Draft, bench: Bench) -> Draft:
    """The draft whose answer satisfies the schema. Raises InvalidParam where a rule puts the answer together."""
    schema = bench.request.options.schema
    if schema is None:
        return draft
    problem = check_schema(schema)
    if problem:
        raise InvalidParam(f"options.schema: {problem}")
    producers: set[str] = set()
    by_key = draft.by_key()
    for key in answer_keys(draft):
        found = find_producers(by_key, key)
        if not found:
            raise InvalidParam(
                "options.schema: this answer is put together from several texts by rule, which cannot satisfy a "
                "schema. Leave out skeleton, or name a merge model."
            )
        if any(node.kind is NodeKind.HARNESS for node in found):
            raise InvalidParam("options.schema: an agent's answer cannot be held to a schema.")
        producers.update(node.key for node in found)

    def structured(node: NodeSpec) -> tuple[NodeSpec] | None:
        return (replace(node, schema=schema),) if node.key in producers else None

    return replace_nodes(draft, structured)
