"""Runs in rows without planning, and models that answer as a test says."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from runs.driving.host import Host
from runs.keeping.serial import node_to_json, plan_head_to_json, request_to_json
from runs.ledger import open_run_balance
from runs.models import Node, Run
from runs.nodes.outside import Outside
from runs.providers.call import CallProgress
from runs.providers.faults import CallFailed, FaultCode, make_fault
from runs.shapes import (
    ChatDelta,
    ChatRequest,
    ChatResult,
    Endpoint,
    Grant,
    Mode,
    ModelChoice,
    NodeKind,
    NodeSpec,
    Plan,
    Protocol,
    Purpose,
    Reading,
    RunOptions,
    RunRequest,
    Usage,
)

MODEL = ModelChoice("acme/one", max_output_tokens=1000)
OTHER = ModelChoice("acme/two", max_output_tokens=1000)
UNLIMITED = None
# Ten input and twenty output tokens at $1 a million: 30,000 nano-dollars a call.
CALL_NANO = 30_000
Script = Callable[[ChatRequest, Endpoint], "ChatResult | CallFailed"]


def spec(key: str, *depends_on: str, **fields: Any) -> NodeSpec:
    """A node that a model answers."""
    known: dict[str, Any] = {"kind": NodeKind.CALL, "purpose": Purpose.TASK, "title": f"Title of {key}", "model": MODEL}
    return NodeSpec(key=key, prompt=f"prompt of {key}", depends_on=depends_on, **{**known, **fields})


def make_run(
    nodes: Sequence[NodeSpec], *, final: str = "", cap_nano_usd: int | None = UNLIMITED, **options: Any
) -> UUID:
    """A run that waits to be driven, with a balance."""
    request = RunRequest(mode=Mode.SWARM, task="task", **{"options": RunOptions(stream=False), **options})
    plan = Plan(Mode.SWARM, tuple(nodes), final, "summary")
    run = Run.objects.create(
        asked_by="test",
        mode=Mode.SWARM,
        task="task",
        request=request_to_json(request),
        plan=plan_head_to_json(plan),
        cap_nano_usd=cap_nano_usd,
    )
    Node.objects.bulk_create(
        Node(
            run=run,
            key=item.key,
            position=place,
            kind=item.kind,
            purpose=item.purpose,
            title=item.title,
            depends_on=list(item.depends_on),
            spec=node_to_json(item),
        )
        for place, item in enumerate(nodes)
    )
    open_run_balance(run.pk, cap_nano_usd)
    return run.pk


def answer(text: str = "an answer", **fields: Any) -> ChatResult:
    """What a model says."""
    return ChatResult(text=text, usage=Usage(fresh_input_tokens=10, output_tokens=20), **fields)


def failure(code: FaultCode, *, retry_after_s: float | None = None, **fields: Any) -> CallFailed:
    """What a call comes to that fails."""
    return CallFailed(make_fault(code, f"it is {code.value}", retry_after_s=retry_after_s), **fields)


@dataclass
class FakeModels:
    """Answers calls after a delay, and remembers what was asked."""

    script: Script = lambda request, endpoint: answer(f"answer to: {prompt_of(request)}")
    delay_s: float = 0.0
    slow: str = ""  # the prompt that is answered after half a minute
    calls: list[tuple[str, ChatRequest]] = field(default_factory=list)  # (model, request)
    stopped: list[str] = field(default_factory=list)  # prompts whose call was broken off
    open_now: int = 0
    most_open: int = 0

    async def call(
        self,
        grant: Grant,
        endpoint: Endpoint,
        request: ChatRequest,
        secret: str,
        *,
        on_delta: Callable[[ChatDelta], None] | None = None,
        progress: CallProgress | None = None,
    ) -> ChatResult:
        """As ``ProviderDoor.call``."""
        assert isinstance(grant, Grant)
        assert secret == f"secret of {endpoint.connection}"
        self.calls.append((endpoint.model_id, request))
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        if progress is not None:
            progress.request, progress.is_sent = request, True
        try:
            await asyncio.sleep(30.0 if prompt_of(request) == self.slow else self.delay_s)
            said = self.script(request, endpoint)
        except asyncio.CancelledError:
            self.stopped.append(prompt_of(request))
            raise
        finally:
            self.open_now -= 1
        if isinstance(said, CallFailed):
            raise said
        return said

    @property
    def prompts(self) -> list[str]:
        """What was asked, in order."""
        return [prompt_of(request) for _, request in self.calls]

    def outside(self) -> Outside:
        """These models as the only outside."""
        return Outside(call=self.call, search=no_tool, fetch=no_tool)


async def no_tool(_spec: NodeSpec, _inputs: object) -> Reading:
    """No search, no pages."""
    raise AssertionError("no node of this test uses a tool")


def prompt_of(request: ChatRequest) -> str:
    """The user's message."""
    return str(request.messages[-1]["content"])


def endpoint_of(model_id: str, connection: str = "acme", **fields: Any) -> Endpoint:
    """A place at which tokens cost $1 a million."""
    return Endpoint(
        connection=connection,
        provider="acme",
        protocol=Protocol.OPENAI,
        base_url="http://127.0.0.1:1",
        wire_model=model_id,
        model_id=model_id,
        prompt_usd_per_mtok=Decimal(1),
        completion_usd_per_mtok=Decimal(1),
        **fields,
    )


def serve_models(monkeypatch: pytest.MonkeyPatch, endpoints: Mapping[str, Sequence[Endpoint]] | None = None) -> None:
    """Have every model at one place, or these at theirs."""

    def find(model_id: str, **_options: object) -> tuple[Endpoint, ...]:
        return (endpoint_of(model_id),) if endpoints is None else tuple(endpoints.get(model_id, ()))

    monkeypatch.setattr("runs.places.lookup.find_endpoints", find)
    monkeypatch.setattr("runs.places.lookup.why_unreachable", lambda model_id, **_: f"{model_id} cannot be reached")
    monkeypatch.setattr("runs.places.lookup.reveal_secret", lambda connection: f"secret of {connection}")


@asynccontextmanager
async def _host(models: FakeModels) -> Any:
    host = Host(models.outside(), "test")
    try:
        yield host
    finally:
        await host.close()


def host_of(models: FakeModels) -> AbstractAsyncContextManager[Host]:
    """A host whose only outside are these models."""
    return _host(models)


def drive(run_id: UUID, models: FakeModels) -> Run:
    """Drive the run to its end; the run afterwards."""

    async def do() -> None:
        async with host_of(models) as host:
            assert await host.drive(run_id)

    asyncio.run(do())
    return Run.objects.get(pk=run_id)


def nodes_of(run_id: UUID) -> dict[str, Node]:
    """The nodes by key."""
    return {node.key: node for node in Node.objects.filter(run_id=run_id)}


def one_after_another(*said: ChatResult | CallFailed) -> Script:
    """Say these things in turn, the last one for ever."""
    rest = itertools.chain(said, itertools.repeat(said[-1]))
    return lambda _request, _endpoint: next(rest)


def new_id() -> UUID:
    """An id that no row has."""
    return uuid.uuid4()
