"""A model of the catalogue as names can mean it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from catalog.matching import words
from catalog.matching.dates import DateMark
from catalog.matching.efforts import Thinking
from catalog.matching.organizations import organization_key
from catalog.matching.reading import Reading, Signature, read_listing
from catalog.shapes import ModelFacts

_REASONING_PARAMETERS: Final = frozenset({"reasoning", "include_reasoning", "reasoning_effort"})
_DOUBTFUL_DAYS: Final = 300


@dataclass(frozen=True, slots=True)
class Listed:
    """One model of the catalogue that a name may mean; variants such as ``:free`` are the same one."""

    model_id: str
    name: str
    maker: str
    slug: Reading  # what the id says
    title: Reading  # what the display name says
    listed_on: date | None
    said_dates: tuple[DateMark, ...]  # in the id or the display name
    stamped_dates: tuple[DateMark, ...]  # in the canonical slug and the Hugging Face name
    has_doubtful_dates: bool  # stamp and day of listing contradict each other
    is_open_weights: bool
    can_think: bool | None  # None where the catalogue does not say
    levels: frozenset[str]

    @property
    def thinkings(self) -> frozenset[Thinking]:
        return frozenset({self.slug.thinking, self.title.thinking})


@dataclass(frozen=True, slots=True)
class Key:
    """One of the ways in which a listed model is named."""

    listed: Listed
    reading: Reading
    is_dated: bool  # the date belongs to the name: without it, the name means another checkpoint


def variant_of(model_id: str) -> str:
    """ "free" of "author/model:free"; "" for the model itself."""
    return model_id.partition(":")[2]


def is_thinking_variant(variant: str) -> bool:
    """Whether a listing of this variant is the model with thinking switched on."""
    return variant in words.THINKING


def list_model(model: ModelFacts) -> Listed:
    """What the catalogue says about one model, as far as it tells names apart."""
    author, _, slug = model.model_id.partition("/")
    variant = variant_of(model.model_id)
    read_slug = read_listing(slug.partition(":")[0])
    read_title = read_listing(_title(model.name, variant))
    if is_thinking_variant(variant):
        read_slug = replace(read_slug, thinking=Thinking.ON)
        read_title = replace(read_title, thinking=Thinking.ON)
    canonical = read_listing(model.canonical_slug.rpartition("/")[2])
    weights = read_listing(model.hugging_face_id.rpartition("/")[2])
    listed_on = model.created_at.date() if model.created_at else None
    return Listed(
        model_id=model.model_id,
        name=model.name,
        maker=organization_key(author),
        slug=read_slug,
        title=read_title,
        listed_on=listed_on,
        said_dates=(*read_slug.dates, *read_title.dates),
        stamped_dates=(*canonical.dates, *weights.dates),
        has_doubtful_dates=_contradict(canonical.dates, listed_on),
        is_open_weights=bool(model.hugging_face_id or read_slug.sizes or read_title.sizes),
        can_think=_can_think(model),
        levels=frozenset(model.reasoning_efforts),
    )


def _contradict(stamps: Sequence[DateMark], listed_on: date | None) -> bool:
    """Whether the stamp cannot be right if the day of listing is: "-20230311", listed in March 2026."""
    days = [day for mark in stamps if (day := mark.as_day())]
    return listed_on is not None and any(abs((day - listed_on).days) > _DOUBTFUL_DAYS for day in days)


def _can_think(model: ModelFacts) -> bool | None:
    if not model.supported_parameters:
        return None
    return bool(model.reasoning_efforts or _REASONING_PARAMETERS.intersection(model.supported_parameters))


def _title(name: str, variant: str) -> str:
    """The display name without the maker before it and without the variant after it."""
    title = name.partition(": ")[2] or name
    return title.removesuffix(f"({variant})") if variant else title


def keys_of(listed: Listed, model: ModelFacts) -> Iterator[Key]:
    """Every way in which the catalogue names this model."""
    is_dated = bool(listed.slug.dates)
    readings = [(listed.slug, is_dated)]
    canonical = read_listing(model.canonical_slug.rpartition("/")[2])
    weights = read_listing(model.hugging_face_id.rpartition("/")[2])
    if not _is_loose(listed.title, listed.slug, weights):
        readings.append((listed.title, _is_title_dated(listed)))
    if _refines(canonical, listed.slug):
        readings.append((canonical, is_dated))
    if weights.words:
        readings.append((weights, is_dated))
    seen: set[tuple[Signature, Thinking, bool, bool]] = set()
    for reading, is_dated in readings:
        for form in _forms(reading, listed.maker):
            said = (form.signature, form.thinking, form.is_instruct, is_dated)
            if form.words and said not in seen:
                seen.add(said)
                yield Key(listed, form, is_dated)


def _is_title_dated(listed: Listed) -> bool:
    """A date in the display name belongs to it, unless it only repeats the version beside it.

    "Mistral Large 3 2512" is listed as mistral-large-2512: there the date stands for the version, and
    either identifies the model. "Kimi K2 0905" is listed as kimi-k2-0905: another checkpoint of K2.
    """
    stands_for_version = bool(listed.title.versions) and not listed.slug.versions
    return bool(listed.slug.dates and listed.title.dates) and not stands_for_version


def _is_loose(title: Reading, slug: Reading, weights: Reading) -> bool:
    """Whether the display name drops a word that tells models apart.

    granite-4.0-h-micro serves Granite-4.0-H-Micro under the name "Granite 4.0 Micro", which is another model.
    """
    return bool((slug.words & weights.words) - title.words - words.LINEAGES.keys())


def _refines(canonical: Reading, slug: Reading) -> bool:
    """Whether the canonical slug says more of the same; sometimes it names another model altogether."""
    return canonical.words >= slug.words and canonical.versions >= slug.versions and canonical.sizes >= slug.sizes


def _forms(reading: Reading, maker: str) -> Iterator[Reading]:
    yield reading
    if has_foreign_lineage(reading, maker):
        yield reading.without_lineage()


def has_foreign_lineage(reading: Reading, maker: str) -> bool:
    """Whether the name is a fine-tune's, which may leave out what it was tuned from."""
    family = reading.lineage.partition(" ")[0]
    return bool(family) and words.LINEAGES[family] != maker and len(reading.words) > 1
