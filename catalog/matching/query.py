"""One question to the matcher."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from catalog.matching.organizations import organization_key
from catalog.shapes import Source


@dataclass(frozen=True, slots=True)
class Query:
    """What a source says about the identity of one row."""

    source: Source
    name: str
    slug: str = ""
    organization: str = ""
    external_id: str = ""
    released_on: date | None = None

    @property
    def text(self) -> str:
        return self.name.strip() or self.slug.strip()

    @property
    def bare_text(self) -> str:
        """The name without the maker before it."""
        return self.text.rpartition("/")[2]

    @property
    def full_text(self) -> str:
        """The name as weights are published: the maker, a slash, the name."""
        if "/" in self.text or not (self.is_weights and self.organization):
            return self.text
        return f"{self.organization}/{self.text}"

    @property
    def maker(self) -> str:
        """The maker: the publisher of weights, or else whom the source names."""
        author = self.full_text.rpartition("/")[0] or self.text.partition(": ")[0] * (": " in self.text)
        return organization_key(author if self.is_weights and author else self.organization or author)

    @property
    def is_weights(self) -> bool:
        """Whether the source measures published weights, tuned or not as their name says."""
        return self.source is Source.HF_LEADERBOARD
