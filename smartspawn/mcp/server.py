"""The MCP server: lists the tools and calls them, in a thread and with the caller's rights."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

import jsonschema
from django.conf import settings
from django.db import close_old_connections
from mcp import types
from mcp.server import Server, ServerRequestContext

from catalog.encoded import encode
from runs.shapes import RunStatus
from smartspawn.access.shapes import Actor
from smartspawn.api import translate
from smartspawn.lib.errors import InvalidParam, NotAllowed, NotFound
from smartspawn.lib.versions import own_version
from smartspawn.mcp.choosing_tools import CHOOSING_TOOLS
from smartspawn.mcp.feedback_tools import FEEDBACK_TOOLS
from smartspawn.mcp.run_tools import RUN_TOOLS, WAIT
from smartspawn.mcp.shapes import Arguments, McpTool, Payload
from smartspawn.mcp.site_tools import SITE_TOOLS

LOG = logging.getLogger(__name__)
TOOLS: Final[Mapping[str, McpTool]] = {
    tool.name: tool for tool in (*SITE_TOOLS, *RUN_TOOLS, *CHOOSING_TOOLS, *FEEDBACK_TOOLS)
}
# A call answers well before the half minute after which clients and proxies give up.
LONGEST_WAIT_S: Final = 25.0
_LOOK_EVERY_S: Final = 0.5
_LONGEST_FAULT: Final = 300
INSTRUCTIONS: Final = (
    "Smart Spawn says which language model should do a task, and does the work. To choose: smartspawn_pick. "
    "To have it done: smartspawn_run_create, then smartspawn_run_wait until the status is final, then "
    "smartspawn_run_result. A run that needs approval waits for smartspawn_run_approve. Afterwards tell with "
    "smartspawn_rate how good it was: the next choice heeds it."
)
Context = ServerRequestContext[Any]


def make_server(actor_of: Callable[[Context], Actor]) -> Server[Any]:
    """A server whose callers are told apart by ``actor_of``."""

    async def list_tools(_context: Context, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in TOOLS.values()])

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            payload = await _call(context, params, actor_of(context))
        except Exception as error:  # noqa: BLE001 - the one door at which a request of this protocol may fail
            return _refused(error)
        return _answered(payload, is_error=False)

    return Server(
        "smart-spawn",
        version=own_version(),
        title="Smart Spawn",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _call(context: Context, params: types.CallToolRequestParams, actor: Actor) -> Payload:
    tool = TOOLS.get(params.name)
    if tool is None:
        raise NotFound(f"unknown tool: {params.name}")
    given = params.arguments or {}
    _check_scope(tool, actor)
    _check_arguments(tool, given)
    if tool is WAIT:
        return await _wait(context, actor, given)
    return await asyncio.to_thread(_in_thread, tool, actor, given)


def _check_scope(tool: McpTool, actor: Actor) -> None:
    if tool.scope not in actor.scopes and not (tool.is_open and settings.OPEN_API):
        raise NotAllowed(f"{tool.name} needs the scope {tool.scope}, which {actor.label} does not have.")


def _check_arguments(tool: McpTool, given: Arguments) -> None:
    """Refuse names that the schema does not know; values are checked where the API checks them, in its words."""
    known = tool.schema["properties"]
    unknown = sorted(set(given) - set(known))
    if unknown:
        takes = f"It takes {', '.join(known)}." if known else "It takes none."
        raise InvalidParam(f"{tool.name} has no argument '{unknown[0][:60]}'. {takes}")
    _check_types(tool, given)


def _check_types(tool: McpTool, given: Arguments) -> None:
    checker = jsonschema.Draft202012Validator({**tool.schema, "required": []})
    fault = next(iter(checker.iter_errors(dict(given))), None)
    if fault is not None and fault.validator in ("type", "minimum", "maximum", "minItems", "maxItems"):
        raise InvalidParam(f"{'.'.join(map(str, fault.path))}: {_shortened(fault.message)}")


def _shortened(message: str) -> str:
    """A message quotes what it was given, which may be a book; what is wrong with it stands at the end."""
    return message if len(message) <= _LONGEST_FAULT else f"{message[:80]} ... {message[-80:]}"


async def _wait(context: Context, actor: Actor, given: Arguments) -> Payload:
    """Look again and again, telling clients that asked for it how far the run is."""
    until = time.monotonic() + LONGEST_WAIT_S
    told = -1.0
    while True:
        status = await asyncio.to_thread(_in_thread, WAIT, actor, given)
        if RunStatus(status["status"]).is_final or time.monotonic() + _LOOK_EVERY_S > until:
            return status
        percent = float(status["progress"]["percent"])
        if percent > told:
            told = percent
            await _tell_progress(context, percent, str(status["last_event"] or ""))
        await asyncio.sleep(_LOOK_EVERY_S)


async def _tell_progress(context: Context, percent: float, message: str) -> None:
    await context.session.report_progress(percent, 100.0, message)


def _in_thread(tool: McpTool, actor: Actor, given: Arguments) -> Payload:
    try:
        return tool.call(actor, given)
    finally:
        close_old_connections()


def _described(tool: McpTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.schema,
        annotations=types.ToolAnnotations(read_only_hint=tool.is_read_only, open_world_hint=not tool.is_read_only),
    )


def _answered(payload: Payload, *, is_error: bool) -> types.CallToolResult:
    # Through the API's own encoder, which knows parts that are kept encoded, and money.
    text = json.dumps(json.loads(encode(payload)), indent=2, ensure_ascii=False)
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=is_error)


def _refused(error: Exception) -> types.CallToolResult:
    """The refusal in the words that the API has for it; of a fault of ours only a number to ask for."""
    known = translate(error)
    if known is not None:
        return _answered({"error": known.message, "code": known.code}, is_error=True)
    number = uuid.uuid4().hex[:16]
    LOG.error("MCP call %s failed", number, exc_info=error)
    return _answered(
        {"error": f"Something went wrong here. Ask for {number} in the log.", "code": "INTERNAL"}, is_error=True
    )
