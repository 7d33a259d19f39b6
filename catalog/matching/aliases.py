"""Hand-made aliases: an admin's word on a source's name, and its form in YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import yaml

from catalog.shapes import Alias, Source
from smartspawn.lib.errors import InvalidBody
from smartspawn.lib.yamltext import read_yaml

_SEPARATORS: Final = re.compile(r"[\s_\-]+")
_FIELDS: Final = ("source", "name", "model_id", "why")
_REQUIRED: Final = ("name", "model_id", "why")
_LONGEST_VALUE: Final = 500


@dataclass(frozen=True, slots=True)
class AliasBook:
    """Aliases by source and name; the later of two on the same name counts."""

    by_name: Mapping[tuple[str, str], Alias]

    @classmethod
    def of(cls, aliases: Iterable[Alias]) -> AliasBook:
        return cls({(alias.source, _plain(alias.name)): alias for alias in aliases})

    def find(self, source: str, *names: str) -> Alias | None:
        """The alias of the first of these names that has one; one for this source before one for all."""
        plain = [_plain(name) for name in names if name]
        found = (self.by_name.get((key, name)) for key in (source, "") for name in plain)
        return next((alias for alias in found if alias), None)


@cache
def load_shipped_aliases() -> tuple[Alias, ...]:
    """The aliases that come with the product."""
    return parse_aliases(resources.files("catalog").joinpath("data", "aliases.yaml").read_text("utf-8"))


def parse_aliases(text: str) -> tuple[Alias, ...]:
    """The aliases in this YAML. Raises InvalidBody naming the line or the entry that cannot be read."""
    aliases = tuple(_read(entry, number) for number, entry in enumerate(_entries(text), start=1))
    seen: dict[tuple[str, str], int] = {}
    for number, alias in enumerate(aliases, start=1):
        former = seen.setdefault((alias.source, _plain(alias.name)), number)
        if former != number:
            raise InvalidBody(f"Entry {number}: '{alias.name}' already stands in entry {former}.")
    return aliases


def dump_aliases(aliases: Sequence[Alias]) -> str:
    """The aliases as YAML that ``parse_aliases`` reads back, sorted by source and name."""
    ordered = sorted(aliases, key=lambda alias: (alias.source, alias.name.casefold(), alias.name))
    entries = [
        {field: value for field in _FIELDS if (value := str(getattr(alias, field))) or field != "source"}
        for alias in ordered
    ]
    return yaml.safe_dump({"aliases": entries}, allow_unicode=True, sort_keys=False, width=1_000)


def _entries(text: str) -> Iterator[object]:
    loaded = read_yaml(text)
    entries = loaded.get("aliases") if isinstance(loaded, dict) else None
    if loaded is None or (isinstance(loaded, dict) and "aliases" in loaded and entries is None):
        return
    if not isinstance(entries, list):
        raise InvalidBody("The file needs one key, 'aliases', with a list of entries below it.")
    yield from entries


def _read(entry: object, number: int) -> Alias:
    if not isinstance(entry, dict):
        raise InvalidBody(f"Entry {number}: write it as name, model_id and why.")
    unknown = sorted(str(key) for key in entry if key not in _FIELDS)
    if unknown:
        raise InvalidBody(f"Entry {number}: '{unknown[0][:40]}' is not one of {', '.join(_FIELDS)}.")
    missing = [field for field in _REQUIRED if field not in entry]
    if missing:
        raise InvalidBody(f"Entry {number}: {' and '.join(missing)} must be given.")
    values = {field: _value(entry.get(field), field, number) for field in _FIELDS}
    if not values["name"] or not values["why"]:
        raise InvalidBody(f"Entry {number}: name and why must not be empty.")
    if values["source"] and values["source"] not in {str(source) for source in Source}:
        raise InvalidBody(f"Entry {number}: the source '{values['source'][:40]}' is not known.")
    return Alias(**values)


def _value(value: object, field: str, number: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidBody(f"Entry {number}: put the {field} in quotes; as it stands it is not text.")
    if len(value) > _LONGEST_VALUE or any(ord(character) < 32 for character in value):
        raise InvalidBody(f"Entry {number}: the {field} is too long or contains control characters.")
    return value.strip()


def _plain(name: str) -> str:
    return _SEPARATORS.sub(" ", name.casefold()).strip()
