"""The catalogue's models, indexed by every way in which they are named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from catalog.matching import words
from catalog.matching.aliases import AliasBook
from catalog.matching.listing import Key, Listed, is_thinking_variant, keys_of, list_model, variant_of
from catalog.matching.organizations import is_known_maker, organization_key
from catalog.matching.reading import Signature
from catalog.matching.tokens import tokenize
from catalog.shapes import Alias, ModelFacts

_POINTER: Final = "~"  # "~author/family-latest" retargets silently
_ROUTERS: Final = ("openrouter/",)  # choose a model per request
_BATCH: Final = "batch"
_FREE: Final = "free"

HuggingFaceKey = tuple[str, tuple[str, ...]]
_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class NameIndex:
    """Everything that matching needs to know about the catalogue; made by ``build_index``."""

    by_signature: Mapping[Signature, tuple[Key, ...]]
    by_words: Mapping[frozenset[str], tuple[Key, ...]]
    by_word: Mapping[str, tuple[Listed, ...]]
    by_hugging_face_name: Mapping[HuggingFaceKey, tuple[Listed, ...]]
    on_hugging_face: frozenset[str]  # ids of the models whose Hugging Face name the catalogue gives
    makers: frozenset[str]
    publishers: frozenset[str]  # makers of listed models, and of the weights that they are served from
    listed: tuple[Listed, ...]
    targets: frozenset[str]  # every id that an alias may name
    aliases: AliasBook


def build_index(models: Sequence[ModelFacts], aliases: Sequence[Alias] = ()) -> NameIndex:
    """Index the catalogue for matching; the order of models does not matter."""
    facts = _targets(models)
    listed = tuple(list_model(model) for _, model in sorted(facts.items()))
    keys = [key for entry in listed for key in keys_of(entry, facts[entry.model_id])]
    makers = frozenset(entry.maker for entry in listed)
    weights = [
        (entry, hugging_face_key(full_name)) for entry in listed if (full_name := facts[entry.model_id].hugging_face_id)
    ]
    return NameIndex(
        by_signature=_grouped((key.reading.signature, key) for key in keys),
        by_words=_grouped((key.reading.words, key) for key in keys),
        by_word=_grouped((word, key.listed) for key in keys for word in sorted(key.reading.words)),
        by_hugging_face_name=_grouped((key, entry) for entry, key in weights),
        on_hugging_face=frozenset(entry.model_id for entry, _ in weights),
        makers=makers,
        publishers=makers | {publisher for _, (publisher, _) in weights},
        listed=listed,
        targets=frozenset(model.model_id for model in models if not _is_no_model(model.model_id)),
        aliases=AliasBook.of(aliases),
    )


def knows_maker(index: NameIndex, maker: str) -> bool:
    """Whether this maker is known at all, listed in the catalogue or not."""
    return maker in index.makers or is_known_maker(maker)


def hugging_face_key(full_name: str) -> HuggingFaceKey:
    """What stays the same about a Hugging Face name when it is renamed, re-cased or re-encoded."""
    organization, _, name = full_name.rpartition("/")
    maker = organization_key(organization)
    texts = [token.text for token in tokenize(name.replace("_", ".")) if token.text not in words.PRECISIONS]
    if len(texts) > 1 and organization_key(texts[0]) == maker:  # "Meta-Llama-3.1", now "Llama-3.1"
        texts = texts[1:]
    return maker, tuple(texts)


def _targets(models: Sequence[ModelFacts]) -> dict[str, ModelFacts]:
    """Every model that a name may mean, by the id to answer with."""
    ids = {model.model_id for model in models}
    targets: dict[str, ModelFacts] = {}
    answered = set()  # base ids that have a target, be it only their free variant
    for model in sorted(models, key=lambda model: (variant_of(model.model_id) != _FREE, model.model_id)):
        base, _, variant = model.model_id.partition(":")
        if _is_no_model(model.model_id):
            continue
        is_own_model = not variant or is_thinking_variant(variant)
        if is_own_model or (base not in ids and base not in answered):
            targets[model.model_id] = model
            answered.add(base)
    return targets


def _is_no_model(model_id: str) -> bool:
    """Pointers, routers and batch queues: they stand for other listings."""
    return model_id.startswith((_POINTER, *_ROUTERS)) or variant_of(model_id) == _BATCH


def _grouped(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, tuple[_V, ...]]:
    """The values of each group, each object once; by identity, which is quick and enough here."""
    groups: dict[_K, dict[int, _V]] = defaultdict(dict)
    for group, value in pairs:
        groups[group][id(value)] = value
    return {group: tuple(values.values()) for group, values in groups.items()}
