"""What is decided for each part: budget, persona, phase, and what all of them cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from catalog.shapes import Budget, Category
from routing.decompose.assemble import READ_CHARS, assemble_steps
from routing.decompose.budgets import step_budget
from routing.decompose.categories import settle_category
from routing.decompose.cost import estimate_cost
from routing.decompose.personas import find_persona, persona_for, persona_ids
from routing.decompose.shapes import Artifact, DecomposeRequest, Phase, Subtask
from routing.decompose.topics import describe
from routing.roles.load import load_library
from routing.shapes import Choice, Classification, Features, Label, Limits, RankedCandidate

# --- budgets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("Write a simple form", Budget.MEDIUM, Budget.LOW),
        ("Write a simple form", Budget.HIGH, Budget.MEDIUM),
        ("Write a simple form", Budget.LOW, Budget.LOW),
        ("Review the critical security", Budget.MEDIUM, Budget.HIGH),
        ("Review the critical security", Budget.LOW, Budget.MEDIUM),
        ("Review the critical security", Budget.HIGH, Budget.HIGH),
        ("Review the critical security architecture", Budget.ANY, Budget.ANY),
        ("Write a simple form", Budget.ANY, Budget.ANY),
        ("A simple view of the core", Budget.MEDIUM, Budget.MEDIUM),
        ("Write a form", Budget.MEDIUM, Budget.MEDIUM),
        ("Score the encore", Budget.MEDIUM, Budget.MEDIUM),  # not "core"
        ("Write about uneasy people", Budget.MEDIUM, Budget.MEDIUM),  # not "easy"
        ("Optimise the query", Budget.MEDIUM, Budget.HIGH),
        ("Schreib ein einfaches Formular", Budget.MEDIUM, Budget.LOW),
    ],
)
def test_a_budget_steps_by_whole_words(text: str, given: Budget, expected: Budget) -> None:
    assert step_budget(text, given) is expected


# --- categories --------------------------------------------------------------------------------------


def features(text: str, category: Category, confidence_prob: float, *, is_given: bool = False) -> Features:
    unknown = Label("", 0.0)
    classification = Classification(Label(category, confidence_prob), unknown, unknown, unknown, {}, "a test")
    return Features(text, classification, category, is_category_given=is_given)


@pytest.mark.parametrize(
    ("text", "said", "confidence_prob", "expected"),
    [
        ("Implement the REST API", Category.GENERAL, 0.6, Category.CODING),
        ("Deploy the billing service", Category.FAST_CHEAP, 0.3, Category.CODING),
        ("Implement the REST API", Category.GENERAL, 0.9, Category.GENERAL),
        ("Analyse the REST frameworks", Category.GENERAL, 0.6, Category.GENERAL),
        ("Research REST frameworks", Category.GENERAL, 0.6, Category.RESEARCH),
        ("Could you research competitors", Category.CODING, 0.3, Category.RESEARCH),
        ("研究竞争对手", Category.VISION, 0.4, Category.RESEARCH),
        ("Research competitors", Category.CODING, 0.9, Category.CODING),
        ("Investigate the crash", Category.CODING, 0.4, Category.CODING),
        ("Write the API guide", Category.CREATIVE, 0.4, Category.CREATIVE),
        ("Plan the party", Category.GENERAL, 0.4, Category.GENERAL),
    ],
)
def test_an_unsure_category_yields_to_plain_words(
    text: str, said: Category, confidence_prob: float, expected: Category
) -> None:
    assert settle_category(features(text, said, confidence_prob)).category is expected


def test_a_category_that_was_asked_for_stays() -> None:
    given = features("general", Category.GENERAL, 0.1, is_given=True)
    assert settle_category(given) is given


# --- personas ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "persona"),
    [
        ("Build the React form", "frontend-engineer"),
        ("Add a GraphQL endpoint", "backend-engineer"),
        ("Tune the Postgres schema", "database-architect"),
        ("Deploy with Docker", "devops-engineer"),
        ("Add OAuth", "security-engineer"),
        ("Raise the coverage", "software-engineer"),
        ("Update the readme", "technical-writer"),
        ("Require a build", ""),  # no "ui"
        ("Decide on the performance", ""),  # no "ci", no "orm"
        ("Keep the interest up", ""),  # no "rest"
        ("Test the React form with css", "frontend-engineer"),  # more of one craft
    ],
)
def test_a_persona_is_called_by_whole_words(text: str, persona: str) -> None:
    assert find_persona(text) == persona


def test_without_such_words_the_kind_of_work_decides() -> None:
    assert persona_for("Do it", Category.CREATIVE) == "writer"
    assert persona_for("Do it", Category.RESEARCH) == "analyst"
    assert {persona_for("Do it", category) for category in Category} <= persona_ids()


def test_every_persona_exists() -> None:
    assert persona_ids() <= set(load_library().personas)


# --- topics ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("Research rivals", Phase.DISCOVER),
        ("Design the form", Phase.DESIGN),
        ("Set up the repo", Phase.SET_UP),
        ("Write a schema", Phase.DESIGN),
        ("Build the form", Phase.BUILD),
        ("Connect the form", Phase.INTEGRATE),
        ("Write unit tests", Phase.VERIFY),
        ("Please test the form", Phase.VERIFY),
        ("Write the documentation", Phase.RELEASE),
        ("Deploy it", Phase.RELEASE),
        ("the thing", Phase.BUILD),
        ("API entwerfen", Phase.DESIGN),
        ("部署服务", Phase.RELEASE),
        ("Напиши тесты", Phase.VERIFY),
    ],
)
def test_a_part_stands_in_the_phase_of_its_verb_or_of_what_it_makes(text: str, phase: Phase) -> None:
    assert describe(text).phase is phase


def test_what_is_made_differs_from_what_is_used() -> None:
    topic = describe("Build the client screen with the API")
    assert topic.produces == {Artifact.COMPONENT}
    assert topic.uses == {Artifact.API}


@pytest.mark.parametrize("text", ["Deploy", "Deploy the app to AWS", "Write the tests", "Test everything with pytest"])
def test_a_part_without_a_thing_of_its_own_is_about_the_whole(text: str) -> None:
    assert describe(text).subject == frozenset()


# --- cost --------------------------------------------------------------------------------------------


def model(prompt: str | None, completion: str | None, model_id: str = "a/b") -> RankedCandidate:
    return RankedCandidate(
        model_id=model_id,
        name="B",
        provider="a",
        score=50.0,
        benchmark_score=50.0,
        lower=40.0,
        upper=60.0,
        coverage_share=1.0,
        parts=(),
        context_boost=0.0,
        personal_share=None,
        prompt_usd_per_mtok=None if prompt is None else Decimal(prompt),
        completion_usd_per_mtok=None if completion is None else Decimal(completion),
        context_length_tokens=None,
    )


def part(chosen: RankedCandidate | None, text: str = "Build it") -> Subtask:
    return Subtask(text, Category.CODING, Budget.MEDIUM, "software-engineer", chosen, "")


def test_a_cost_runs_from_a_thousand_to_ten_thousand_tokens_each_way() -> None:
    cost = estimate_cost([part(model("1", "3")), part(model("0.5", "1.5"))])
    assert (cost.low_usd, cost.high_usd, cost.note) == (Decimal("0.006"), Decimal("0.06"), "")


def test_a_cheap_model_does_not_cost_nothing() -> None:
    assert estimate_cost([part(model("0.05", "0.1"))]).low_usd == Decimal("0.00015")
    assert estimate_cost([part(model("0", "0"))]).low_usd == 0


def test_a_long_text_is_counted_whole() -> None:
    cost = estimate_cost([part(model("1", "0"), "x" * 80_000)])
    assert (cost.low_usd, cost.high_usd) == (Decimal("0.02"), Decimal("0.02"))


@pytest.mark.parametrize(("prompt", "completion"), [(None, "1"), ("1", None), (None, None)])
def test_an_unknown_price_is_not_nothing(prompt: str | None, completion: str | None) -> None:
    cost = estimate_cost([part(model("1", "1")), part(model(prompt, completion, "x/odd"))])
    assert (cost.low_usd, cost.high_usd) == (None, None)
    assert "x/odd" in cost.note


def test_a_part_without_a_model_is_named_and_not_counted() -> None:
    cost = estimate_cost([part(model("1", "1")), part(None)])
    assert cost.low_usd == Decimal("0.002")
    assert cost.note == "1 part has no model and is not counted."


# --- how much is read --------------------------------------------------------------------------------


def test_few_parts_are_read_whole_and_many_long_ones_in_bounded_time() -> None:
    read: list[str] = []

    def choose(parts: Sequence[tuple[str, Budget]]) -> list[Choice]:
        read.extend(text for text, _ in parts)
        return [
            Choice(features(text, Category.GENERAL, 0.9), Limits(budget=budget), (), (), "") for text, budget in parts
        ]

    long = " and says why" * 100
    assemble_steps(DecomposeRequest("\n".join(f"- Build page {number}{long}" for number in range(4))), choose)
    assert all(text.endswith("says why") for text in read)
    read.clear()
    steps = assemble_steps(
        DecomposeRequest("\n".join(f"- Build page {n}{long} in a simple way" for n in range(50))), choose
    )
    assert sum(map(len, read)) == READ_CHARS
    assert steps.subtasks[49].text.endswith("in a simple way")
    assert steps.subtasks[49].budget is Budget.LOW  # told by its end, which no classifier read
