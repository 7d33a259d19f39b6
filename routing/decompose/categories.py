"""The kind of work of a part: parts are terse, and a classifier of tasks is not always sure of so few words."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from catalog.shapes import Category
from routing.decompose.personas import find_persona
from routing.decompose.requests import strip_polite
from routing.decompose.shapes import Phase
from routing.decompose.topics import describe
from routing.decompose.verbs import leading_verb, words
from routing.shapes import Features

# Below this, words that call for an engineer outweigh the classifier. On parts such as "implement the REST
# API" it says general with 0.6; where it means it ("book a table for the team"), it is surer.
SURE_PROB: Final = 0.7
_LONGEST_LOOK: Final = 400
_VAGUE: Final = frozenset({Category.GENERAL, Category.FAST_CHEAP})
_CODERS: Final = frozenset(
    {
        "software-engineer",
        "frontend-engineer",
        "backend-engineer",
        "database-architect",
        "devops-engineer",
        "security-engineer",
        "mobile-engineer",
        "ml-engineer",
        "data-engineer",
        "performance-engineer",
    }
)
# Verbs that ask for what sources say. "Investigate" and "analyse" are as often about a bug.
_FINDS_SOURCES: Final = words(
    "research survey recherchiere recherchieren erforsche recherche rechercher recherchez pesquise pesquisar ricerca "
    "ricercare исследуй исследуйте araştır 研究 调研 リサーチ"
)


def settle_category(features: Features) -> Features:
    """The features as the words have it where the classifier is unsure: engineers code, "research ..." is research."""
    is_unsure = features.classification.category.confidence_prob < SURE_PROB and not features.is_category_given
    if not is_unsure:
        return features
    verb = leading_verb(strip_polite(features.task[:_LONGEST_LOOK]))
    if verb and verb[0] in _FINDS_SOURCES:
        return replace(features, category=Category.RESEARCH)
    if features.category not in _VAGUE or find_persona(features.task) not in _CODERS:
        return features
    is_research = describe(features.task).phase is Phase.DISCOVER
    return features if is_research else replace(features, category=Category.CODING)
