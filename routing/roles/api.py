"""Role blocks over HTTP, at the addresses and in the words of the ancestor."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from routing.roles.compose import compose_role
from routing.roles.inputs import ComposeRoleInput
from routing.roles.load import load_library
from routing.roles.presenters import blocks_payload, composed_role_payload
from smartspawn.access.gates import requires_scope
from smartspawn.access.shapes import Scope


@extend_schema(
    operation_id="list_role_blocks",
    tags=["Roles"],
    summary="Personas and blocks that a role can be made of",
    responses=OpenApiTypes.OBJECT,
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["GET"])
def blocks(_request: Request) -> Response:
    return Response(blocks_payload(load_library()))


@extend_schema(
    operation_id="compose_role",
    tags=["Roles"],
    summary="A task with a role in front, made of blocks",
    description="Nothing that is asked for is dropped silently: unknown ids, and what does not fit maxWords, "
    "are named in warnings. The key is absent where there are none.",
    request={"application/json": ComposeRoleInput},
    responses=OpenApiTypes.OBJECT,
    examples=[
        OpenApiExample(
            "A dashboard",
            request_only=True,
            value={
                "task": "Build a dashboard with auth and billing",
                "persona": "fullstack-engineer",
                "stack": ["nextjs", "typescript", "postgres", "stripe"],
                "domain": "saas",
                "format": "full-implementation",
                "guardrails": ["code", "security", "production"],
            },
        )
    ],
)
@requires_scope(Scope.CATALOG_READ, is_open=True)
@api_view(["POST"])
def compose(request: Request) -> Response:
    given = ComposeRoleInput(data=request.data)
    given.is_valid(raise_exception=True)
    return Response(composed_role_payload(compose_role(given.to_request())))
