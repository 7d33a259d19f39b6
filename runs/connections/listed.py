"""The models of a connection as its row keeps them, as a place lists them, and both put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from runs.connections.shapes import ListedModel

# A list that is longer is not believed: OpenRouter's whole catalogue has some hundreds.
MOST_LISTED = 5000
_LONGEST_NAME_CHARS = 200


def read_rows(rows: object) -> dict[str, ListedModel]:
    """The models in a row's JSON, by name."""
    listed = (_read_row(row) for row in rows) if isinstance(rows, list) else ()
    return {model.name: model for model in listed if model is not None}


def _read_row(row: Any) -> ListedModel | None:
    if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
        return None
    return ListedModel(
        name=row["id"],
        prompt_usd_per_mtok=read_price(row.get("prompt_usd_per_mtok")),
        completion_usd_per_mtok=read_price(row.get("completion_usd_per_mtok")),
        is_set=row.get("is_set") is True,
    )


def write_rows(models: Iterable[ListedModel]) -> list[dict[str, object]]:
    """The models as a row's JSON keeps them; prices as text, so that no digit is lost."""
    return [
        {
            "id": model.name,
            "prompt_usd_per_mtok": _text(model.prompt_usd_per_mtok),
            "completion_usd_per_mtok": _text(model.completion_usd_per_mtok),
            "is_set": model.is_set,
        }
        for model in models
    ]


def read_price(value: object) -> Decimal | None:
    """Dollars per million tokens, or None for what is no price."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price >= 0 else None


def _text(price: Decimal | None) -> str | None:
    return None if price is None else format(price.normalize(), "f")


def read_listing(body: object) -> tuple[ListedModel, ...] | None:
    """The models in a place's own list, in the words of any of the protocols; None for what is no list.

    Together names prices in dollars per million tokens, the simulator and OpenRouter per token.
    """
    rows = _rows_of(body)
    if rows is None:
        return None
    found = {model.name: model for row in rows[:MOST_LISTED] if (model := _read_listed(row)) is not None}
    return tuple(found.values())


def _rows_of(body: object) -> list[Any] | None:
    if isinstance(body, Mapping):
        body = body.get("data", body.get("models"))
    return body if isinstance(body, list) else None


def _read_listed(row: Any) -> ListedModel | None:
    if not isinstance(row, Mapping):
        return None
    name = row.get("id") or row.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME_CHARS:
        return None
    prompt, completion = _listed_prices(row.get("pricing"))
    return ListedModel(name.removeprefix("models/"), prompt, completion)


def _listed_prices(pricing: Any) -> tuple[Decimal | None, Decimal | None]:
    if not isinstance(pricing, Mapping):
        return None, None
    if "input" in pricing:
        return read_price(pricing.get("input")), read_price(pricing.get("output"))
    return _per_mtok(pricing.get("prompt")), _per_mtok(pricing.get("completion"))


def _per_mtok(value: object) -> Decimal | None:
    price = read_price(value)
    return None if price is None else price * 1_000_000


def merge_listing(held: Mapping[str, ListedModel], listing: Iterable[ListedModel]) -> tuple[ListedModel, ...]:
    """What the place lists now, with what an admin set by hand kept as it was set."""
    kept = {name: model for name, model in held.items() if model.is_set}
    return tuple(({model.name: model for model in listing} | kept).values())
