"""Names that leave out what the catalogue says, where it lists only one model that they can mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from catalog.matching.fitting import Fit, Liberty, fit
from catalog.matching.listing import Key
from catalog.matching.reading import Reading

_ACTIVE: Final = ("a", "e")  # "a22b", "e4b": how much of the model works on one token

_ACTIVE_SIZE_OMITTED: Final = Liberty(1, 0.97, "size of the active part set aside")
_SIZE_OMITTED: Final = Liberty(1, 0.94, "the only size listed")
_VERSION_BY_DATE: Final = Liberty(1, 0.97, "the only version listed with that date")
_DATE_FOR_VERSION: Final = Liberty(1, 0.97, "listed by its date instead of its version")


def relaxed_fits(reading: Reading, keys: Iterable[Key], *, released_on: date | None) -> list[Fit]:
    """Fits of listings of the same words that say more: a size, or a version that the date identifies.

    Where several sizes or versions are listed, the fits of all of them come back alike.
    """
    if reading.bare_levels:  # "qwen2.5-max" is not a Qwen 2.5 of unsaid size at maximum effort
        return []
    fits = []
    for key in keys:
        omitted = _omitted(reading, key)
        judged = fit(reading, key, released_on=released_on) if omitted else None
        if omitted and isinstance(judged, Fit):
            fits.append(replace(judged, liberties=(omitted, *judged.liberties)))
    sizes = {_weight(one.key.reading) for one in fits}
    if len(sizes) > 1 and not reading.sizes and not reading.dates:
        return [replace(one, liberties=one.liberties[:1]) for one in fits]
    return fits


def _omitted(reading: Reading, key: Key) -> Liberty | None:
    listed = key.reading
    if reading.versions == listed.versions:
        return _omitted_size(reading, listed)
    if not any(mark.year for mark in reading.dates):
        return None
    if not reading.versions and reading.sizes <= listed.sizes:  # "mistral-medium-2505" is Mistral Medium 3
        return _VERSION_BY_DATE
    if not listed.versions and key.is_dated and reading.sizes == listed.sizes:
        return _DATE_FOR_VERSION  # "Mistral Large 2 (Jul '24)" is listed as mistral-large-2407
    return None


def _omitted_size(reading: Reading, listed: Reading) -> Liberty | None:
    if reading.sizes == listed.sizes:
        return None
    if _weight(reading) == _weight(listed):
        return _ACTIVE_SIZE_OMITTED if reading.sizes < listed.sizes or listed.sizes < reading.sizes else None
    return _SIZE_OMITTED if not reading.sizes and reading.versions else None


def _weight(reading: Reading) -> frozenset[str]:
    """The sizes of the whole model."""
    return frozenset(size for size in reading.sizes if not size.startswith(_ACTIVE))
