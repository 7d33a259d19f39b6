"""Requests, plans and nodes as plain JSON and back, exactly: amounts of money stay decimal texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from runs.shapes import NodeSpec, Plan, RunRequest

Stored = dict[str, Any]
_Shape = TypeVar("_Shape", RunRequest, Plan, NodeSpec)


class StoredShapeFault(ValueError):
    """What was stored is not, or no longer, of the shape that it was stored as."""


def request_to_json(request: RunRequest) -> Stored:
    """The request as JSON can hold it; equal requests give equal values."""
    return _plain(request)


def request_from_json(stored: Mapping[str, Any]) -> RunRequest:
    """The request that was stored. Raises StoredShapeFault."""
    return _shaped(stored, RunRequest)


def plan_to_json(plan: Plan) -> Stored:
    """The plan with its nodes."""
    return _plain(plan)


def plan_from_json(stored: Mapping[str, Any]) -> Plan:
    """The plan that was stored. Raises StoredShapeFault."""
    return _shaped({"nodes": (), **stored}, Plan)


def plan_head_to_json(plan: Plan) -> Stored:
    """The plan without its nodes, which are stored one by one."""
    head = _plain(replace(plan, nodes=()))
    del head["nodes"]
    return head


def node_to_json(spec: NodeSpec) -> Stored:
    """The node as JSON can hold it."""
    return _plain(spec)


def node_from_json(stored: Mapping[str, Any]) -> NodeSpec:
    """The node that was stored; fields that it had not yet take their defaults. Raises StoredShapeFault."""
    return _shaped(stored, NodeSpec)


def _plain(shape: RunRequest | Plan | NodeSpec) -> Stored:
    # Sets in order, so that equal requests have equal texts and one hash.
    plain: Stored = msgspec.to_builtins(shape, order="deterministic")
    return plain


def _shaped(stored: Mapping[str, Any], kind: type[_Shape]) -> _Shape:
    try:
        return msgspec.convert(stored, kind)
    except msgspec.ValidationError as fault:
        raise StoredShapeFault(f"The stored {kind.__name__} cannot be read: {fault}") from fault
