"""The nodes that bring a run's answers together: which they are, what they read and cost at least. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from runs.graph.live import CLOSING_PURPOSES
from runs.money import ceiling_nano, to_nano
from runs.providers.pricing import GROUNDING_TOKENS
from runs.shapes import NodeKind, NodeSpec
from runs.texts.prompts import build_messages, room_tokens
from runs.texts.transforms import CHOOSING
from runs.texts.wording import MATERIAL_RULES
from runs.tokens.estimate import estimate_tokens, text_tokens

# A merge that may be no longer than this says less than the answers that it would bring together.
LEAST_OUTPUT_TOKENS: Final = 600
_HEADING_TOKENS: Final = 60  # around each text that is read
Readers = dict[str, tuple[str, ...]]  # node -> the closing nodes that will read what it writes


@dataclass(frozen=True, slots=True)
class Closer:
    """A closing node that costs money, with what it takes at least."""

    spec: NodeSpec
    own_tokens: int  # without the texts that it reads
    room_tokens: int  # longer ones are cut

    def cost_nano(self, read_tokens: int) -> int:
        """Its least cost when it reads texts of so many tokens."""
        output = min(self.spec.max_output_tokens, LEAST_OUTPUT_TOKENS)
        return _cost_nano(self.spec, self.own_tokens + min(read_tokens, self.room_tokens), output)


def find_closers(specs: Iterable[NodeSpec], final: str) -> dict[str, Closer]:
    """The closing nodes by key, as far as somebody else writes for them and their price is known.

    What may turn out not to be needed, because of a gate, is none: it is paid for from what is left.
    """
    found = {}
    for spec in specs:
        is_closing = spec.key == final or spec.purpose in CLOSING_PURPOSES
        if is_closing and spec.kind is NodeKind.CALL and spec.depends_on and not spec.gate and _has_price(spec):
            found[spec.key] = spec
    return {key: Closer(spec, _own_tokens(spec, found), room_tokens(spec)) for key, spec in found.items()}


def find_readers(closers: Iterable[Closer], specs: Mapping[str, NodeSpec], ended: frozenset[str]) -> Readers:
    """Who will read what each node writes; a rule that has ended gives its own text."""
    readers: defaultdict[str, list[str]] = defaultdict(list)
    for closer in closers:
        for key in dict.fromkeys(_writers(closer.spec, specs, ended)):
            readers[key].append(closer.spec.key)
    return {key: tuple(found) for key, found in readers.items()}


def least_cap_nano(specs: Iterable[NodeSpec], final: str) -> int:
    """The smallest cap under which any one answer fits beside what closes the run; 0 where closing costs nothing."""
    by_key = {spec.key: spec for spec in specs}
    closers = find_closers(by_key.values(), final)
    if not closers:
        return 0
    readers = find_readers(closers.values(), by_key, frozenset())
    beginnings = (spec for key, spec in by_key.items() if spec.kind is NodeKind.CALL and key not in closers)
    return max((_least_with(spec, closers, readers.get(spec.key, ())) for spec in beginnings), default=0)


def least_call_nano(specs: Iterable[NodeSpec], cap_nano_usd: int) -> int:
    """What has to be free for the cheapest first call of a run, or for one that the cap lets through; 0: nothing."""
    first = [spec for spec in specs if not spec.depends_on]
    if any(spec.kind is not NodeKind.CALL for spec in first):
        return 0
    least: int | None = None
    for spec in first:
        for model in (spec.model, *spec.fallbacks):
            cost = _most_nano(replace(spec, model=model))
            least = cost if least is None else min(least, cost)
            if least <= cap_nano_usd:
                return least  # of ten thousand prompts not every one needs to be counted
    return least or 0


def _least_with(spec: NodeSpec, closers: Mapping[str, Closer], readers: tuple[str, ...]) -> int:
    closing = (closer.cost_nano(spec.max_output_tokens if key in readers else 0) for key, closer in closers.items())
    return _most_nano(spec) + sum(closing)


def _most_nano(spec: NodeSpec) -> int:
    """What is set aside for the node, as far as its price and its prompt are known."""
    return _cost_nano(spec, _prompt_tokens(spec), spec.max_output_tokens) if _has_price(spec) else 0


def _writers(spec: NodeSpec, specs: Mapping[str, NodeSpec], ended: frozenset[str]) -> Iterator[str]:
    """Whose texts the node reads, also through rules; of those that a rule chooses from, the first stands for all."""
    for key in spec.depends_on:
        inner = specs[key]
        if inner.kind is not NodeKind.TRANSFORM or key in ended:
            yield key
        elif inner.params.get("rule") in CHOOSING:
            yield from _writers(replace(inner, depends_on=inner.depends_on[:1]), specs, ended)
        else:
            yield from _writers(inner, specs, ended)


def _own_tokens(spec: NodeSpec, closing: Collection[str]) -> int:
    """The prompt with the least that other closing nodes will add to it."""
    around = text_tokens(MATERIAL_RULES) + _HEADING_TOKENS * (1 + len(spec.depends_on))
    return _prompt_tokens(spec) + around + LEAST_OUTPUT_TOKENS * sum(key in closing for key in spec.depends_on)


def _prompt_tokens(spec: NodeSpec) -> int:
    return estimate_tokens(build_messages(spec, ()))


def _has_price(spec: NodeSpec) -> bool:
    model = spec.model
    return model is not None and None not in (model.prompt_usd_per_mtok, model.completion_usd_per_mtok)


def _cost_nano(spec: NodeSpec, prompt_tokens: int, output_tokens: int) -> int:
    model = spec.model
    if model is None or model.prompt_usd_per_mtok is None or model.completion_usd_per_mtok is None:
        raise ValueError(f"{spec.key} has no model with a known price")
    searched = spec.uses_web_search
    read = ceiling_nano(prompt_tokens + (GROUNDING_TOKENS if searched else 0), model.prompt_usd_per_mtok)
    fee = to_nano(model.most_search_usd or Decimal(0)) if searched else 0
    return read + ceiling_nano(output_tokens, model.completion_usd_per_mtok) + fee
