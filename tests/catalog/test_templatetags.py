"""How numbers are written and drawn."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import timezone

from catalog.shapes import Difference, DifferenceKind
from catalog.templatetags import catalog_ui as ui
from tests.factories import make_score


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal(0), "$0"),
        (Decimal("0.037"), "$0.037"),
        (Decimal("0.0000001"), "$0.0000001"),
        (Decimal("0.5"), "$0.50"),
        (Decimal(5), "$5.00"),
        (Decimal("12.346"), "$12.35"),
        (Decimal("1234567.5"), "$1,234,567.50"),
        (Decimal("0.7914"), "$0.791"),
    ],
)
def test_dollars_carry_the_digits_that_say_something(value: Decimal, text: str) -> None:
    assert ui.usd(value) == text


@pytest.mark.parametrize("write", [ui.usd, ui.tokens, ui.score_value, ui.number, ui.percent, ui.signed])
def test_what_is_missing_is_said_to_be_unknown_and_never_zero(write: object) -> None:
    assert "unknown" in write(None)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (4096, "4.1k"),
        (128_000, "128k"),
        (200_000, "200k"),
        (1_048_576, "1.05M"),
        (2_000_000, "2M"),
    ],
)
def test_tokens_are_written_as_model_lists_write_them(value: int, text: str) -> None:
    assert ui.tokens(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1300.0, "1,300"), (0.5, "0.5"), (61.58, "61.58"), (100.0, "100"), (-2.0, "-2")]
)
def test_measured_values_lose_only_digits_that_say_nothing(value: float, text: str) -> None:
    assert ui.number(value) == text


def test_a_difference_carries_its_sign() -> None:
    assert ui.signed(1.5) == "+1.50"
    assert ui.signed(-1.5) == "−1.50"


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=122), "122 days ago"),
    ],
)
def test_age_is_in_words_with_the_exact_time_behind_it(ago: timedelta, words: str) -> None:
    moment = timezone.now() - ago

    assert words in ui.age(moment)
    assert f"{moment:%Y-%m-%d %H:%M} UTC" in ui.age(moment)


def test_what_never_happened_is_said_so() -> None:
    assert "never" in ui.age(None)


@pytest.mark.parametrize(
    ("url", "is_kept"),
    [
        ("https://openrouter.ai/x", True),
        ("http://localhost:1", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT://x/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("/here", False),
        ("https:no-host", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_become_links(url: str, is_kept: bool) -> None:
    assert ui.web_url(url) == (url if is_kept else "")


def rect(svg: str, css: str) -> tuple[float, float]:
    """Start and width of one bar of a drawing."""
    found = re.search(rf'class="{css}" x="([-\d.]+)"[^>]*width="([\d.]+)"', svg)
    assert found
    return float(found[1]), float(found[2])


@pytest.mark.parametrize(("value", "half_width"), [(60.0, 8.0), (2.0, 8.0), (99.0, 8.0), (50.0, 0.0)])
def test_a_score_bar_is_drawn_to_scale_and_stays_on_its_line(value: float, half_width: float) -> None:
    score = make_score(value, half_width=half_width)
    svg = ui.score_bar(score)
    start, width = rect(svg, "span")
    mark, mark_width = rect(svg, "dot-mark")

    assert start == pytest.approx(max(score.lower, 0))
    assert start + width == pytest.approx(min(score.upper, 100), abs=0.6)  # never thinner than half a point
    assert mark + mark_width / 2 == pytest.approx(value, abs=0.06)


def test_a_score_bar_says_its_interval_in_words_and_whether_anything_was_measured() -> None:
    assert "80 % interval 52 to 68" in ui.score_bar(make_score(60))
    assert "nothing measured" not in ui.score_bar(make_score(60))
    assert "nothing measured" in ui.score_bar(make_score(60, parts=0))
    assert "nothing measured" not in ui.score_bar(make_score(60, parts=0, overridden=True))
    assert "none" in ui.score_bar(None)


@pytest.mark.parametrize(
    ("kind", "before", "after", "css"),
    [
        (DifferenceKind.PRICE, "2", "1", "up"),
        (DifferenceKind.PRICE, "1", "2", "down"),
        (DifferenceKind.SCORE, "50.0", "60.0", "up"),
        (DifferenceKind.LIMIT, "8000", "4000", "down"),
    ],
)
def test_a_move_is_coloured_by_whether_it_is_good_for_the_reader(
    kind: DifferenceKind, before: str, after: str, css: str
) -> None:
    item = Difference(kind=kind, model_id="a/b", model_name="B", before=before, after=after)

    assert f'class="{css}"' in ui.move(item)


@pytest.mark.parametrize(
    ("before", "after"), [("unknown", "1"), ("1", "unknown"), ("0", "1"), ("none", "none"), ("", "")]
)
def test_a_move_from_or_to_nothing_has_no_size(before: str, after: str) -> None:
    item = Difference(kind=DifferenceKind.PRICE, model_id="a/b", model_name="B", before=before, after=after)

    assert ui.move(item) == ""


def test_removed_models_are_not_linked_and_names_are_escaped() -> None:
    removed = Difference(kind=DifferenceKind.REMOVED, model_id="a/b", model_name="<b>B</b>")
    added = Difference(kind=DifferenceKind.ADDED, model_id="a/b", model_name="<b>B</b>")

    assert ui.model_link(removed) == "&lt;b&gt;B&lt;/b&gt;"
    assert ui.model_link(added) == '<a href="/models/a/b/">&lt;b&gt;B&lt;/b&gt;</a>'


def test_long_dotted_names_may_wrap_and_stay_escaped() -> None:
    assert ui.breakable("a.b_<i>-c") == "a.<wbr>b_<wbr>&lt;i&gt;-<wbr>c"


@pytest.mark.parametrize(
    ("value", "words"), [(360, "6 h"), (1440, "day"), (2880, "2 days"), (45, "45 min"), (90, "90 min")]
)
def test_intervals_are_in_the_largest_unit_that_fits(value: int, words: str) -> None:
    assert ui.minutes(value) == words


def test_a_field_ties_help_and_error_to_its_input() -> None:
    source = (
        '{% include "components/field.html" with name="why" label="Why" help="A reason." errors=errors required=True %}'
    )
    html = Template(source).render(Context({"errors": ["Too <short>."]}))

    assert '<label for="field-why">' in html
    assert 'aria-describedby="field-why-error field-why-help"' in html
    assert 'aria-invalid="true"' in html
    assert "Too &lt;short&gt;." in html
    assert re.search(r"<input[^>]*\srequired[\s>]", html)


def test_a_field_without_help_and_errors_refers_to_nothing() -> None:
    html = Template('{% include "components/field.html" with name="q" label="Search" %}').render(Context())

    assert "aria-" not in html
    assert not re.search(r"<input[^>]*\srequired[\s>]", html)


def test_a_date_shows_as_it_was() -> None:
    assert datetime(2026, 7, 1, tzinfo=UTC).isoformat() in ui.age(datetime(2026, 7, 1, tzinfo=UTC))
