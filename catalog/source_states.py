"""Whether a source is on, with which key, and how it is doing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.collect import Collected
from catalog.models import SourceState
from catalog.shapes import Source
from catalog.sources import find_source
from catalog.sources.shapes import SourceConfig
from smartspawn.access import audit
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam, SourceNotConfigured
from smartspawn.vault import SecretUnreadable, reveal, seal

# A page shows these; the count says how many there were.
SHOWN_REJECTED_ROWS: Final = 200


def state_of(source: Source) -> SourceState:
    """The source's row; one that was never spoken of starts as never fetched."""
    state, _ = SourceState.objects.get_or_create(source=source)
    return state


def is_on(source: Source) -> bool:
    """Whether a refresh asks this source: switched on, and with key and accepted terms where it needs them."""
    info, state = find_source(source).INFO, state_of(source)
    is_enabled = info.is_on_by_default if state.is_enabled is None else state.is_enabled
    has_consent = not info.needs_key or bool(state.api_key_sealed and state.terms_accepted_at)
    return is_enabled and has_consent


def is_switched_off(source: Source) -> bool:
    """Whether an admin said so; then the data held counts no more.

    A source that is merely off by default is not fetched, but what was read of it from a file counts.
    """
    return state_of(source).is_enabled is False


def config_of(source: Source) -> SourceConfig:
    """What a fetch needs: the opened key and, where set, the address of a mirror.

    Raises SourceNotConfigured for a key that cannot be opened any more.
    """
    state = state_of(source)
    try:
        key = reveal(state.api_key_sealed, purpose=_purpose(source)) if state.api_key_sealed else ""
    except SecretUnreadable as error:
        raise SourceNotConfigured(error.message) from error
    return SourceConfig(api_key=key, base_urls=settings.SOURCE_BASE_URLS)


def switch_source(*, actor: Actor, source: Source, is_enabled: bool, why: str) -> None:
    """Switch a source on or off. Raises InvalidParam when it needs a key and accepted terms first."""
    with transaction.atomic():
        state = state_of(source)
        info = find_source(source).INFO
        if not is_enabled and source is Source.OPENROUTER:
            raise InvalidParam("OpenRouter lists the models themselves; without it there is no catalogue.")
        if is_enabled and info.needs_key and not (state.api_key_sealed and state.terms_accepted_at):
            raise InvalidParam(f"{info.title} needs an API key and accepted terms before it can be switched on.")
        before = state.is_enabled
        SourceState.objects.filter(pk=source).update(is_enabled=is_enabled)
        audit.record(
            actor=actor,
            action="source.switch",
            subject=str(source),
            before={"is_enabled": before},
            after={"is_enabled": is_enabled},
            why=why,
        )


def set_source_key(*, actor: Actor, source: Source, api_key: str, accepts_terms: bool) -> None:
    """Store a source's API key, sealed, with who accepted its terms; and switch the source on.

    Raises InvalidParam for a source that takes no key, an empty key, or terms not accepted.
    """
    info = find_source(source).INFO
    if not info.needs_key:
        raise InvalidParam(f"{info.title} takes no API key.")
    if not api_key.strip():
        raise InvalidParam("Enter the API key.")
    if not accepts_terms:
        raise InvalidParam(f"Read and accept the terms of {info.title} first: its data is for internal use only.")
    with transaction.atomic():
        state_of(source)
        SourceState.objects.filter(pk=source).update(
            api_key_sealed=seal(api_key.strip(), purpose=_purpose(source)),
            terms_accepted_at=timezone.now(),
            terms_accepted_by=actor.label,
            is_enabled=True,
        )
        audit.record(
            actor=actor,
            action="source.key.set",
            subject=str(source),
            after={
                "terms_accepted": True,
                "key_last4": api_key.strip()[-4:] if len(api_key.strip()) > 12 else "",
            },
        )


def remove_source_key(*, actor: Actor, source: Source, why: str) -> None:
    """Forget a source's key and consent; the source is off from then on, its held data stays."""
    with transaction.atomic():
        state_of(source)
        SourceState.objects.filter(pk=source).update(
            api_key_sealed="", terms_accepted_at=None, terms_accepted_by="", is_enabled=False
        )
        audit.record(actor=actor, action="source.key.remove", subject=str(source), why=why)


def reseal_source_keys() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sources whose keys are sealed with the newest key of the ring now, and those whose keys nothing opens."""
    resealed: list[str] = []
    unreadable: list[str] = []
    for state in SourceState.objects.exclude(api_key_sealed="").order_by("source"):
        source = Source(state.source)
        try:
            key = reveal(state.api_key_sealed, purpose=_purpose(source))
        except SecretUnreadable:
            unreadable.append(source.value)
            continue
        # A key that somebody replaces meanwhile stays as replaced.
        unchanged = SourceState.objects.filter(pk=source, api_key_sealed=state.api_key_sealed)
        unchanged.update(api_key_sealed=seal(key, purpose=_purpose(source)))
        resealed.append(source.value)
    return tuple(resealed), tuple(unreadable)


def note_attempts(collected: Iterable[Collected], attempted: Iterable[Source], now: datetime) -> None:
    """Write down that these sources were asked, and turn red those that gave nothing usable."""
    failed = {item.source: item for item in collected if item.error}
    for source in attempted:
        state_of(source)
        changes: dict[str, object] = {"last_attempt_at": now}
        if source in failed:
            changes |= {
                "status": SourceState.Status.RED,
                "reason": failed[source].error,
                "error_code": failed[source].error_code,
            }
        SourceState.objects.filter(pk=source).update(**changes)


def note_success(item: Collected, *, now: datetime | None) -> None:
    """Write down what a source delivered, or, without a moment, what ships in its place.

    Call inside the transaction that publishes it.
    """
    if item.parsed is None:
        return
    succeeded = {} if now is None else {"last_success_at": now}
    state_of(item.source)
    parsed = item.parsed
    SourceState.objects.filter(pk=item.source).update(
        status=SourceState.Status.AMBER if item.warnings else SourceState.Status.GREEN,
        reason=" ".join(item.warnings),
        error_code="",
        warnings=list(item.warnings),
        rejected=[
            {"part": row.part, "row": row.row, "reason": row.reason, "excerpt": row.excerpt}
            for row in parsed.rejected[:SHOWN_REJECTED_ROWS]
        ],
        rejected_count=len(parsed.rejected),
        row_count=len(parsed.models) or len(parsed.records),
        as_of=parsed.as_of,
        version=parsed.version,
        data_fetched_at=min(payload.fetched_at for payload in item.payloads),
        **succeeded,
    )


def note_matched(counts: Mapping[Source, int]) -> None:
    """Write down how many names of each source the snapshot in use found a model for."""
    for source, count in counts.items():
        SourceState.objects.filter(pk=source).update(matched_count=count)


def _purpose(source: Source) -> str:
    return f"source-key:{source}"
