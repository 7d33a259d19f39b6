"""What an admin may override, and the YAML that carries it."""

from __future__ import annotations

import pytest

from catalog.override_fields import OVERRIDE_FIELDS, check_override, dump_overrides, parse_overrides
from catalog.shapes import Override
from smartspawn.lib.errors import InvalidBody, InvalidParam


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("score.coding", " 72.5 ", "72.5"),
        ("score.fast-cheap", "0", "0"),
        ("score.general", "1E2", "100"),
        ("price.prompt", "0.25", "0.25"),
        ("price.completion", "0", "0"),
        ("price.completion", "0.2500000000000000", "0.25"),
        ("price.prompt", "0.0000000001", "0.0000000001"),
        ("categories", "coding, general , coding", "coding,general"),
    ],
)
def test_a_good_value_is_stored_in_one_spelling(field: str, value: str, stored: str) -> None:
    assert check_override(field, value) == stored


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score.coding", "101"),
        ("score.coding", "-1"),
        ("score.coding", "NaN"),
        ("score.coding", "Infinity"),
        ("score.coding", "high"),
        ("score.coding", ""),
        ("score.cooking", "50"),
        ("price.prompt", "-1"),
        ("price.prompt", "1e99"),
        ("price.prompt", "0.00000000001"),
        ("score.coding", "1e-999999"),
        ("categories", ""),
        ("categories", "coding,cooking"),
        ("name", "x"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_could(field: str, value: str) -> None:
    with pytest.raises(InvalidParam):
        check_override(field, value)


def test_a_refused_field_names_those_that_exist() -> None:
    with pytest.raises(InvalidParam) as refusal:
        check_override("score.cooking", "50")
    assert all(field in refusal.value.message for field in OVERRIDE_FIELDS)


def test_yaml_comes_back_as_it_went() -> None:
    overrides = (
        Override(model_id="a/b", field="score.coding", value="80", why="measured by us: 'yes'"),
        Override(model_id="a/b", field="categories", value="coding,general", why="übersehen"),
        Override(model_id="c/d", field="price.prompt", value="0.1", why="contract"),
    )
    assert parse_overrides(dump_overrides(overrides)) == overrides


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "Line"),
        ("overrides: " + "[" * 200_000, "nested"),
        ("a: &a [1]\noverrides: *a", "references"),
        ("[]", "overrides"),
        ("overrides: 3", "overrides"),
        ("overrides: {a/b: [{field: score.coding, value: 3}]}", "why"),
        ("overrides: {a/b: [3]}", "a/b"),
    ],
)
def test_a_broken_file_is_refused_naming_what_is_wrong(text: str, named: str) -> None:
    with pytest.raises(InvalidBody, match=named):
        parse_overrides(text)


def test_a_file_with_one_bad_value_is_refused_whole() -> None:
    text = "overrides: {a/b: [{field: score.coding, value: 3, why: x}, {field: score.coding, value: 300, why: x}]}"
    with pytest.raises(InvalidParam):
        parse_overrides(text)
