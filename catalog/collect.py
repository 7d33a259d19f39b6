"""One source at a time: fetch or read, parse, and believe it or keep what is held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from catalog.embedded import EMBEDDED_PART, parse_embedded
from catalog.plausibility import check_plausible
from catalog.shapes import ParsedSource, Payload, Source
from catalog.sources import find_source
from catalog.sources.shapes import SourceConfig
from smartspawn.lib.errors import SourceFault, SourceImplausible, SourceMalformed
from smartspawn.lib.http import open_door

# A source that has not finished by then is left for the next refresh: the others must not wait.
SOURCE_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of one source: new data, or the data held with the reason why nothing new."""

    source: Source
    parsed: ParsedSource | None  # None: nothing was ever held and nothing usable came
    payloads: tuple[Payload, ...]
    is_new: bool
    warnings: tuple[str, ...] = ()
    error: str = ""
    error_code: str = ""
    held_back: tuple[Payload, ...] = ()  # well formed, but too different from the last time to be believed


@dataclass(frozen=True, slots=True)
class Captures:
    """A folder of saved answers that stands in for the network."""

    directory: Path
    fetched_at: datetime
    is_forced: bool = False  # believe it however different it is from the data held


Report = Callable[[Source, str], None]


def parse_payloads(source: Source, payloads: Sequence[Payload]) -> ParsedSource:
    """What these payloads say, whether they are upstream's own or our embedded format.

    Raises SourceMalformed when they are neither.
    """
    if [payload.part for payload in payloads] == [EMBEDDED_PART]:
        return parse_embedded(payloads[0].body)
    return find_source(source).parse(payloads)


def keep_held(source: Source, held: Mapping[str, Payload]) -> Collected:
    """The data held, read again; nothing is fetched.

    What can no longer be read, after damage or an upgrade, costs this source alone.
    """
    payloads = tuple(held.values())
    if not payloads:
        return Collected(source=source, parsed=None, payloads=(), is_new=False)
    try:
        parsed = parse_payloads(source, payloads)
    except SourceFault as fault:
        reason = f"the data held cannot be read any more: {fault.message}"
        return Collected(source, None, payloads, is_new=False, error=reason, error_code=fault.code)
    return Collected(source=source, parsed=parsed, payloads=payloads, is_new=False)


def collect_captures(source: Source, held: Mapping[str, Payload], captures: Captures) -> Collected:
    """What a folder of captures holds for the source; a folder without its files changes nothing."""
    payloads = find_source(source).read_captures(captures.directory, fetched_at=captures.fetched_at)
    if not payloads:
        return keep_held(source, held)
    return _judge(source, held, payloads, is_forced=captures.is_forced)


async def collect_live(
    wanted: Mapping[Source, SourceConfig], held: Mapping[Source, Mapping[str, Payload]], *, report: Report
) -> tuple[Collected, ...]:
    """What the upstreams answer, all at once; one that fails costs the others nothing."""
    async with open_door() as door:

        async def collect(source: Source) -> Collected:
            module = find_source(source)
            report(source, "fetching")
            try:
                async with asyncio.timeout(SOURCE_TIMEOUT_S):
                    payloads = await module.fetch(door, held[source], wanted[source])
            except TimeoutError:
                return refuse(source, held[source], f"no complete answer within {SOURCE_TIMEOUT_S:.0f} s")
            except SourceFault as fault:
                return refuse(source, held[source], fault.message, fault.code)
            report(source, "reading")
            return _judge(source, held[source], payloads)

        return tuple(await asyncio.gather(*(collect(source) for source in wanted)))


def _judge(
    source: Source, held: Mapping[str, Payload], payloads: tuple[Payload, ...], *, is_forced: bool = False
) -> Collected:
    """The one door at which anything a source may do wrong is turned into a reason.

    What ships with the product may be years old: it vouches for nothing, so the first real answer is
    held against the absolute floors alone.
    """
    try:
        parsed = parse_payloads(source, payloads)
        check_plausible(parsed, None)
        is_first = is_forced or EMBEDDED_PART in held
        return _judge_beside(None if is_first else keep_held(source, held).parsed, parsed, payloads, held)
    except SourceFault as fault:
        return refuse(source, held, fault.message, fault.code)
    except Exception as error:  # noqa: BLE001  one source's surprise must not cost the others
        return refuse(source, held, f"could not be read: {type(error).__name__}: {error}", SourceMalformed.code)


def _judge_beside(
    previous: ParsedSource | None, parsed: ParsedSource, payloads: tuple[Payload, ...], held: Mapping[str, Payload]
) -> Collected:
    """What could be true by itself, held against the last time; what is not believed then is held back."""
    try:
        warnings = check_plausible(parsed, previous)
    except SourceImplausible as fault:
        return replace(refuse(parsed.source, held, fault.message, fault.code), held_back=payloads)
    return Collected(source=parsed.source, parsed=parsed, payloads=payloads, is_new=True, warnings=warnings)


def accept(source: Source, payloads: tuple[Payload, ...]) -> Collected:
    """What was held back, believed after all. Raises SourceFault for what cannot be true by itself."""
    parsed = parse_payloads(source, payloads)
    return Collected(source, parsed, payloads, is_new=True, warnings=check_plausible(parsed, None))


def refuse(source: Source, held: Mapping[str, Payload], reason: str, code: str = "SOURCE_UNREACHABLE") -> Collected:
    """The data held, with the reason why there is nothing new."""
    kept = keep_held(source, held)
    return Collected(
        source=source,
        parsed=kept.parsed,
        payloads=kept.payloads,
        is_new=False,
        error=reason,
        error_code=code,
    )
