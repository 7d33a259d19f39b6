"""Chats that a run answers: the conversation as one task, done by a mode, driven where the client waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db.models import Sum

from catalog.shapes import Budget
from runs.chat.calling import ChatFailed
from runs.chat.prepared import RunChat
from runs.chat.shapes import ByMode, ChatAsk, Failure, Outcome
from runs.chat.texts import needs_of, text_of, transcript_of
from runs.control import cancel_run
from runs.create import start_run
from runs.driving.inline import cancel_inline, drive_inline
from runs.ledger import run_money
from runs.models import Node, Run
from runs.queries import find_answer, is_waiting
from runs.shapes import ChatResult, RunRequest, RunStatus, Usage
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import InvalidParam, SmartSpawnError

_LOOK_EVERY_S: Final = 0.2
_HUNG_UP: Final = Actor(label="a client that hung up", role=Role.ADMIN)
_TOKENS: Final = (
    "fresh_input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
)
OffLoop = Callable[[Callable[[], Any]], Awaitable[Any]]


class ApprovalNeeded(SmartSpawnError):
    """The run may cost more than its owner lets pass without a word."""

    code = "APPROVAL_NEEDED"


def start_chat_run(ask: ChatAsk, wish: ByMode, actor: Actor, idempotency_key: str) -> RunChat:
    """The run, written down and not yet driven. Raises ApprovalNeeded, and whatever planning refuses."""
    started = start_run(
        request=_request_of(ask, wish),
        actor=actor,
        idempotency_key=idempotency_key,
        is_forced_new=not idempotency_key,
        rings=False,
    )
    if is_waiting(started.run):
        path = f"/api/runs/{started.run.pk}/approve"
        raise ApprovalNeeded(
            f"This run may cost more than you let pass without a yes. Approve it: POST {path}, "
            f"then read GET /api/runs/{started.run.pk}/result."
        )
    return RunChat(started.run.pk, ask, f"a {wish.mode} run answers")


async def answer_by_run(chat: RunChat, off_loop: OffLoop) -> Outcome:
    """The run's merged answer; a client that leaves stops the run. Raises ChatFailed."""
    try:
        await drive_inline(chat.run_id)
        while not await off_loop(partial(_is_over, chat.run_id)):  # noqa: ASYNC110  left to the queue: the row tells
            await asyncio.sleep(_LOOK_EVERY_S)
    except asyncio.CancelledError:
        cancel_inline(chat.run_id)
        await off_loop(partial(cancel_run, run_id=chat.run_id, actor=_HUNG_UP))
        raise
    outcome: Outcome | ChatFailed = await off_loop(partial(_read_outcome, chat))
    if isinstance(outcome, ChatFailed):
        raise outcome
    return outcome


def first_outcome(chat: RunChat) -> Outcome:
    """What is known before the run has ended."""
    return Outcome(
        model_id=chat.ask.model,
        reason=chat.reason,
        is_simulated=chat.ask.is_simulated,
        run_id=str(chat.run_id),
    )


def _request_of(ask: ChatAsk, wish: ByMode) -> RunRequest:
    for need, what in (("vision", "pictures"), ("functionCalling", "tools")):
        if need in needs_of(ask.messages, has_tools=bool(ask.tools)):
            raise InvalidParam(f"A {wish.mode} run takes no {what}. Ask for auto, or name a model.", param="model")
    if ask.choice_count > 1:
        raise InvalidParam(f"n: a {wish.mode} run gives one answer. Ask for auto, or name a model.", param="n")
    task = next(
        (text for message in reversed(ask.messages) if message.get("role") == "user" and (text := text_of(message))), ""
    )
    if not task:
        raise InvalidParam("messages: no message of the user says what is to be done.", param="messages")
    return RunRequest(
        mode=wish.mode,
        task=task,
        context=transcript_of(ask.messages),
        budget=wish.budget or ask.budget or Budget.MEDIUM,
        max_output_tokens=ask.max_output_tokens,
        temperature=ask.temperature,
        is_simulated=ask.is_simulated,
    )


def _is_over(run_id: UUID) -> bool:
    return RunStatus(Run.objects.values_list("status", flat=True).get(pk=run_id)).is_final


def _read_outcome(chat: RunChat) -> Outcome | ChatFailed:
    run = Run.objects.get(pk=chat.run_id)
    told = find_answer(run)
    money = run_money([run.pk])[run.pk]
    usage = _usage_of(Node.objects.filter(run=run).aggregate(**{name: Sum(name, default=0) for name in _TOKENS}))
    known = Outcome(
        model_id=chat.ask.model,
        reason=f"{chat.reason}: {run.plan.get('summary', '')}",
        is_simulated=run.is_simulated,
        run_id=str(run.pk),
        cost_nano_usd=money.spent_nano_usd,
    )
    if told is None or not told.content:
        message = f"The run ended as {run.status}. {run.error} Look at GET /api/runs/{run.pk}."
        status = 402 if run.status == RunStatus.BUDGET_EXHAUSTED else 502
        return ChatFailed(Failure("RUN_FAILED", message, status), known)
    result = ChatResult(text=told.content, usage=usage, finish_reason="length" if told.is_partial else "stop")
    return replace(known, result=result)


def _usage_of(sums: Mapping[str, int]) -> Usage:
    return Usage(
        fresh_input_tokens=sums["fresh_input_tokens"],
        cache_read_tokens=sums["cache_read_tokens"],
        cache_write_tokens=sums["cache_write_tokens"],
        output_tokens=sums["output_tokens"],
        reasoning_tokens=sums["reasoning_tokens"],
    )
