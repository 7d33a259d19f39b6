"""From a source's name to the listed model that it means, or to the reason why none is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from catalog.matching.answers import answer_alias, answer_fit, answer_hugging_face, refuse
from catalog.matching.fitting import Fit, Misfit, fit
from catalog.matching.index import NameIndex, hugging_face_key, knows_maker
from catalog.matching.listing import Key, Listed, has_foreign_lineage
from catalog.matching.organizations import organization_key
from catalog.matching.query import Query
from catalog.matching.reading import Reading, read_name
from catalog.matching.refusals import explain
from catalog.matching.relaxing import relaxed_fits
from catalog.matching.suggestions import suggest
from catalog.matching.tokens import NAME_LIMIT
from catalog.shapes import Match, Source, SourceRecord


def match_name(  # noqa: PLR0913 - all that a source may say about the identity of a row
    index: NameIndex,
    *,
    source: Source,
    name: str,
    slug: str = "",
    organization: str = "",
    external_id: str = "",
    released_on: date | None = None,
) -> Match:
    """The model that a source's name means, with the reason; or a refusal, with the reason.

    A source's slug is read only where it gives no name: slugs are reused for newer checkpoints.
    """
    return _match(index, Query(source, name, slug, organization, external_id, released_on))


def match_records(
    index: NameIndex, records: Sequence[SourceRecord], *, with_suggestions: bool = False
) -> tuple[Match, ...]:
    """One match for each record, in their order; on request with suggestions for refused names."""
    known: dict[Query, Match] = {}
    matches = []
    for record in records:
        query = Query(
            record.source, record.name, record.slug, record.organization, record.external_id, record.released_on
        )
        match = known.get(query)
        if match is None:
            match = known[query] = _match(index, query)
            if with_suggestions and match.model_id is None:
                match = known[query] = replace(match, suggestions=suggest(index, query.text, query.organization))
        matches.append(match)
    return tuple(matches)


def _match(index: NameIndex, query: Query) -> Match:
    alias = index.aliases.find(query.source, query.name, query.external_id)
    if alias is not None:
        return answer_alias(index, query, alias)
    if not query.text or len(query.text) > NAME_LIMIT:
        return refuse(query, "this is not a model name", certainty=1.0)
    if query.is_weights and query.maker not in index.publishers:  # nine of ten rows of such a source
        return refuse(query, f"published by {query.maker or 'nobody'}, who makes no listed model", certainty=0.999)
    return _match_hugging_face(index, query) or _match_readings(index, query)


def _match_hugging_face(index: NameIndex, query: Query) -> Match | None:
    """The surest rule: the row names the very weights that the catalogue says it serves."""
    if "/" not in query.full_text:
        return None
    listed = index.by_hugging_face_name.get(hugging_face_key(query.full_text), ())
    if len(listed) > 1:
        return refuse(query, f"ambiguous: {_ids(listed)} all serve these weights", certainty=0.7)
    return answer_hugging_face(query, listed[0]) if listed else None


def _match_readings(index: NameIndex, query: Query) -> Match:
    readings = read_name(_own_name(index, query), is_base_unthinking=query.source is Source.LIVEBENCH)
    misfits: list[Misfit] = []
    for fits in _attempts(index, query, readings, misfits):
        best = _best(fits)
        if len(best) == 1:
            return answer_fit(index, query, best[0])
        if best:
            return refuse(query, f"ambiguous: {_ids(one.listed for one in best)} fit alike", certainty=0.7)
    return refuse(query, explain(index, readings[-1], misfits), certainty=0.95 if misfits else 0.99)


def _own_name(index: NameIndex, query: Query) -> str:
    """The name without the maker before it, as in "author/name" and "Author: Name"."""
    head, _, tail = query.bare_text.partition(": ")
    return tail if tail and organization_key(head) in index.makers else query.bare_text


def _attempts(
    index: NameIndex, query: Query, readings: Sequence[Reading], misfits: list[Misfit]
) -> Iterator[list[Fit]]:
    """The fits of ever freer readings; what does not fit is kept for the explanation."""
    variants = [variant for reading in readings for variant in _variants(reading)]
    for variant in variants:
        keys = _by_maker(index, query, variant, index.by_signature.get(variant.signature, ()), misfits)
        if query.is_weights:
            keys = _without_known_weights(index, keys, misfits)
        yield _fits(query, variant, keys, misfits)
    if not query.is_weights:
        for variant in variants:
            keys = _by_maker(index, query, variant, index.by_words.get(variant.words, ()), misfits)
            yield relaxed_fits(variant, keys, released_on=query.released_on)


def _variants(reading: Reading) -> Iterator[Reading]:
    """The reading as it stands, without the maker before it, and without what it was tuned from."""
    forms = [reading, reading.without_leading_maker()]
    if has_foreign_lineage(reading, ""):
        tuned = reading.without_lineage()
        forms += [tuned, tuned.without_leading_maker()]
    yield from dict.fromkeys(forms)


def _by_maker(
    index: NameIndex, query: Query, reading: Reading, keys: Iterable[Key], misfits: list[Misfit]
) -> list[Key]:
    """The keys of models that the row's organization can have made."""
    said = {query.maker} if query.is_weights or knows_maker(index, query.maker) else set()
    if reading.leading_maker and reading.leading_word not in reading.words:
        said.add(reading.leading_maker)
    kept = []
    for key in keys:
        if said <= {key.listed.maker}:
            kept.append(key)
        else:
            maker = query.organization or query.text.partition("/")[0]
            misfits.append(Misfit(key.listed, f"made by {maker}, and {key.listed.model_id} is not"))
    return kept


def _without_known_weights(index: NameIndex, keys: Iterable[Key], misfits: list[Misfit]) -> list[Key]:
    """Where the catalogue says which weights it serves, no other weights are meant by any likeness."""
    kept = []
    for key in keys:
        if key.listed.model_id in index.on_hugging_face:
            misfits.append(Misfit(key.listed, f"{key.listed.model_id} serves other weights by its Hugging Face name"))
        else:
            kept.append(key)
    return kept


def _fits(query: Query, reading: Reading, keys: Iterable[Key], misfits: list[Misfit]) -> list[Fit]:
    fits = []
    for key in keys:
        judged = fit(reading, key, released_on=query.released_on, is_weights=query.is_weights)
        if isinstance(judged, Misfit):
            misfits.append(judged)
        else:
            fits.append(judged)
    return fits


def _best(fits: Sequence[Fit]) -> list[Fit]:
    """The fits of the lowest rank, one for each model.

    Where the model of the nearest date is not the one of the lowest rank, the evidence is divided, and
    both come back: "gemini-2.5-pro-06-05" can be the preview of that day, or the release of that month.
    """
    if not fits:
        return []
    lowest = min(one.rank for one in fits)
    nearest = min((one.date_rank, *one.rank) for one in fits)
    by_model = {
        one.listed.model_id: one
        for one in reversed(fits)
        if one.rank == lowest or (one.date_rank, *one.rank) == nearest
    }
    return [by_model[model_id] for model_id in sorted(by_model)]


def _ids(listed: Iterable[Listed]) -> str:
    return " and ".join(sorted({one.model_id for one in listed}))
