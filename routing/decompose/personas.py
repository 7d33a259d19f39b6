"""Which persona a part calls for, by whole words; the ids are those of ``routing/roles``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from catalog.shapes import Category

# A narrow craft goes before a broad one; within a row of equals, more words win, then the earlier rule.
_RULES: Final[tuple[tuple[int, str, str], ...]] = (
    (12, "mobile-engineer", "ios android swiftui jetpack kotlin flutter react-native 'mobile app' 'mobile apps'"),
    (12, "ml-engineer", "fine-tune fine-tuning finetune pytorch tensorflow 'machine learning' embeddings 'ml model'"),
    (12, "data-engineer", "etl elt airflow dbt warehouse 'data pipeline' 'data lake' spark kafka"),
    (
        12,
        "legal-analyst",
        "gdpr nda 'privacy policy' 'terms of service' 'terms and conditions' contract contracts legal",
    ),
    (12, "brand-designer", "logo branding 'brand identity' 'style guide' 'brand guide'"),
    (12, "ui-designer", "wireframe wireframes mockup mockups figma 'design system' 'user interface'"),
    (12, "financial-analyst", "forecast 'cash flow' revenue 'financial model' 'unit economics' valuation"),
    (
        12,
        "market-analyst",
        "competitor competitors 'market research' 'market size' 'market analysis' 'target audience'",
    ),
    (10, "frontend-engineer", "frontend front-end react vue css html ui ux tailwind svelte angular nextjs next.js"),
    (
        10,
        "backend-engineer",
        "backend back-end api apis server endpoint endpoints rest graphql microservice microservices",
    ),
    (
        10,
        "database-architect",
        "database databases schema sql postgres postgresql mysql mongo mongodb sqlite migration migrations orm",
    ),
    (
        10,
        "devops-engineer",
        "deploy deployment deployments docker dockerfile ci cd ci/cd kubernetes k8s aws gcp azure terraform",
    ),
    (
        10,
        "security-engineer",
        "security auth authentication authorization oauth jwt encrypt encryption vulnerability vulnerabilities pentest",
    ),
    (9, "performance-engineer", "'load test' load-test profiling latency throughput"),
    (9, "copywriter", "'landing page copy' tagline slogan headline headlines 'ad copy' 'marketing copy' 'sales copy'"),
    (9, "social-media", "tweet tweets linkedin instagram tiktok 'social media'"),
    (9, "editor", "proofread proofreading copyedit"),
    (
        8,
        "software-engineer",
        "test tests spec specs 'unit test' 'unit tests' 'integration tests' e2e coverage jest pytest vitest",
    ),
    (8, "technical-writer", "docs documentation guide readme tutorial manual wiki changelog"),
)
_BY_CATEGORY: Final[Mapping[Category, str]] = {
    Category.CODING: "software-engineer",
    Category.GENERAL: "software-engineer",
    Category.FAST_CHEAP: "software-engineer",
    Category.RESEARCH: "analyst",
    Category.REASONING: "analyst",
    Category.VISION: "analyst",
    Category.CREATIVE: "writer",
}
_WORD: Final = re.compile(r"'([^']+)'|(\S+)")


def _compile() -> tuple[re.Pattern[str], Mapping[str, int]]:
    """One pattern for all words, and which rule each belongs to; longer words are tried first."""
    by_word = {
        found.group(1) or found.group(2): place
        for place, (_, _, words) in enumerate(_RULES)
        for found in _WORD.finditer(words)
    }
    longest_first = sorted(by_word, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])"), by_word


_PATTERN, _RULE_BY_WORD = _compile()


def find_persona(text: str) -> str:
    """The persona that the words call for, or ""."""
    words = set(_PATTERN.findall(text.lower()))
    if not words:
        return ""
    places = [_RULE_BY_WORD[word] for word in words]
    best = max(set(places), key=lambda place: (_RULES[place][0], places.count(place), -place))
    return _RULES[best][1]


def persona_for(text: str, category: Category) -> str:
    """The persona for a part: by its words, else by its kind of work."""
    return find_persona(text) or _BY_CATEGORY[category]


def persona_ids() -> frozenset[str]:
    """Every persona that can come out."""
    return frozenset({persona for _, persona, _ in _RULES} | set(_BY_CATEGORY.values()))
