"""Matches and refusals with their reasons, in sentences that a person understands."""

from __future__ import annotations

from math import prod
from typing import Final

from catalog.matching import words
from catalog.matching.efforts import Thinking
from catalog.matching.fitting import Fit
from catalog.matching.index import NameIndex, knows_maker
from catalog.matching.listing import Listed
from catalog.matching.query import Query
from catalog.matching.reading import Reading, read_name
from catalog.matching.tokens import tokenize
from catalog.shapes import Alias, Match, MatchRule

# How often an answer of each rule is right, as far as hand-checked names tell.
_CERTAINTY: Final = {
    MatchRule.ALIAS: 1.0,
    MatchRule.HUGGING_FACE_ID: 0.999,
    MatchRule.EXACT: 0.998,
    MatchRule.NORMALISED: 0.99,
    MatchRule.VARIANT: 0.985,
}
_UNHEARD_MAKER: Final = 0.97  # an organization that nobody knows, beside a name that agrees


def refuse(query: Query, reason: str, *, certainty: float) -> Match:
    """A refusal; its confidence says how sure it is that no listed model is meant."""
    return Match(
        source=query.source,
        source_name=query.name,
        model_id=None,
        rule=MatchRule.NONE,
        confidence_prob=certainty,
        reason=reason,
    )


def answer_alias(index: NameIndex, query: Query, alias: Alias) -> Match:
    """What an admin says about a name stands above every rule, but cannot list a model."""
    why = f": {alias.why}" if alias.why else ""
    if not alias.model_id:
        return refuse(query, f"an alias says that it is not listed{why}", certainty=1.0)
    if alias.model_id not in index.targets:
        return refuse(query, f"an alias names {alias.model_id}, which is no listed model now{why}", certainty=1.0)
    effort = read_name(query.bare_text)[-1].effort
    return _match(query, alias.model_id, rule=MatchRule.ALIAS, reason=f"an alias names it{why}", effort=effort)


def answer_hugging_face(query: Query, listed: Listed) -> Match:
    """The row and the catalogue name the same weights."""
    return _match(query, listed.model_id, rule=MatchRule.HUGGING_FACE_ID, reason="the same weights on Hugging Face")


def answer_fit(index: NameIndex, query: Query, fit: Fit) -> Match:
    """A listed model whose name agrees, with what was set aside to see it."""
    rule = _rule(query, fit)
    effort = _effort(fit)
    asides = [liberty.note for liberty in fit.liberties if liberty.note]
    if effort:
        asides.append(f"effort '{effort}' set aside")
    doubts = prod(liberty.certainty for liberty in fit.liberties)
    if query.maker and not knows_maker(index, query.maker):
        doubts *= _UNHEARD_MAKER
    reason = "; ".join([_likeness(rule, fit.reading), *asides])
    return _match(query, fit.listed.model_id, rule=rule, doubts=doubts, reason=reason, effort=effort)


def _match(
    query: Query, model_id: str, *, rule: MatchRule, reason: str, doubts: float = 1.0, effort: str = ""
) -> Match:
    return Match(
        source=query.source,
        source_name=query.name,
        model_id=model_id,
        rule=rule,
        confidence_prob=round(_CERTAINTY[rule] * doubts, 4),
        reason=reason,
        effort=effort,
    )


def _rule(query: Query, fit: Fit) -> MatchRule:
    names = (query.text, query.bare_text)
    own_names = (fit.listed.model_id.rpartition("/")[2], fit.listed.name, fit.listed.name.partition(": ")[2])
    if any(tokenize(name) == tokenize(own) for name in names for own in own_names):
        return MatchRule.EXACT
    is_date_aside = bool(fit.reading.dates) and not fit.listed.slug.dates
    return MatchRule.VARIANT if fit.reading.effort or is_date_aside else MatchRule.NORMALISED


def _effort(fit: Fit) -> str:
    """The effort, without the thinking that the listed model's own name already says."""
    if fit.reading.thinking is not Thinking.ON or Thinking.ON not in fit.listed.thinkings:
        return fit.reading.effort
    own = words.THINKING | words.KINDS_OF_THINKING
    return " ".join(word for word in fit.reading.effort.split() if word not in own)


def _likeness(rule: MatchRule, reading: Reading) -> str:
    if rule is MatchRule.EXACT:
        return "the catalogue's own name"
    said = ["same family"]
    if reading.versions:
        said.append(f"version {' and '.join(sorted(reading.versions))}")
    if reading.sizes:
        said.append(f"size {' '.join(sorted(reading.sizes)).upper()}")
    return ", ".join(said)
