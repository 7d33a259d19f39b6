"""Names from every source to catalogue ids, with the reason for each match and each refusal.

A name is read into family words, versions, sizes, stages, dates and effort. All but the effort must
agree with what the catalogue says of a model; what may be left out, and when, stands in ``fitting``
and ``relaxing``. Words that are not known to mean anything else must simply agree.

    tokens -> reading -> index (signature) -> fitting -> relaxing -> answers | refusals
"""

from __future__ import annotations

from typing import Final

from catalog.matching.aliases import dump_aliases, load_shipped_aliases, parse_aliases
from catalog.matching.index import NameIndex, build_index
from catalog.matching.matcher import match_name, match_records
from catalog.matching.suggestions import suggest

MATCHING_VERSION: Final[str] = "1"  # raised with every change that can change a match

__all__ = [
    "MATCHING_VERSION",
    "NameIndex",
    "build_index",
    "dump_aliases",
    "load_shipped_aliases",
    "match_name",
    "match_records",
    "parse_aliases",
    "suggest",
]
