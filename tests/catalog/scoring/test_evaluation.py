"""Leave one source out, and the numbers that judge it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.evaluation import Evaluation, Strategy, evaluate_scoring, evaluation_payload, evaluation_text
from catalog.evaluation.judge import spearman_correlation
from catalog.shapes import Budget, Category, Measure, Source
from tests.catalog.scoring.builders import AS_OF, Catalog, random_catalog

ARENA = "lmarena.text.overall"
INDEX = "aa.intelligence_index"


def evaluate(catalog: Catalog) -> Evaluation:
    return evaluate_scoring(models=catalog.models, records=catalog.records, matches=catalog.matches, as_of=AS_OF)


def two_judges(order: int = 1, *, count: int = 24) -> Catalog:
    """Two sources over the same models; with order -1 the second thinks the opposite of the first."""
    catalog = Catalog()
    for number in range(count):
        model_id = f"lab{number % 3}/m{number}"
        catalog.model(model_id, prompt="0.5", completion="1", age_days=100)
        catalog.arena(model_id, 1200 + 10 * number)
        catalog.row(Source.ARTIFICIAL_ANALYSIS, model_id, Measure(INDEX, 30 + order * number))
    return catalog


def regret_of(evaluation: Evaluation, source: Source, category: Category, budget: Budget, strategy: Strategy) -> float:
    (pick,) = (p for p in evaluation.picks if (p.source, p.category, p.budget) == (source, category, budget))
    return pick.regrets[strategy]


def test_sources_that_agree_judge_each_other_perfect() -> None:
    evaluation = evaluate(two_judges())
    assert evaluation.mean_regrets()[Strategy.OURS] == 0
    assert evaluation.mean_spearman()[Strategy.OURS] == pytest.approx(1)


def test_the_worst_pick_of_evenly_spread_models_costs_twice_a_random_one() -> None:
    evaluation = evaluate(two_judges(order=-1))
    regret = regret_of(evaluation, Source.ARTIFICIAL_ANALYSIS, Category.GENERAL, Budget.LOW, Strategy.OURS)
    assert regret == pytest.approx(2)
    assert evaluation.mean_spearman()[Strategy.OURS] == pytest.approx(-1)


def test_random_costs_one_by_definition() -> None:
    evaluation = evaluate(random_catalog(2, model_count=60, coverage=0.9))
    assert {pick.regrets[Strategy.RANDOM] for pick in evaluation.picks} == {1.0}
    assert evaluation.mean_regrets()[Strategy.RANDOM] == 1


def test_regrets_are_what_a_slow_count_finds() -> None:
    catalog = random_catalog(9, model_count=60, coverage=0.9)
    evaluation = evaluate(catalog)
    truth = {
        match.model_id: measure.value
        for record, match in zip(catalog.records, catalog.matches, strict=True)
        for measure in record.measures
        if measure.benchmark == "lmarena.text.coding"
    }
    (pick,) = (p for p in evaluation.picks if (p.source, p.category, p.budget) == ("lmarena", "coding", "medium"))
    listed = {facts.model_id: facts for facts in catalog.models}
    affordable = [value for key, value in truth.items() if (listed[key].pricing.prompt_usd_per_mtok or 0) <= 5]
    best, mean = max(affordable), sum(affordable) / len(affordable)
    assert pick.candidate_count == len(affordable)
    assert truth[pick.best_id] == best
    for strategy, model_id in pick.picked_ids.items():
        assert pick.regrets[strategy] == pytest.approx((best - truth[model_id]) / (best - mean)), strategy
    dearest = max(
        (facts.pricing.prompt_usd_per_mtok, key)
        for key, facts in listed.items()
        if key in truth and (facts.pricing.prompt_usd_per_mtok or 0) <= 5
    )
    assert pick.picked_ids[Strategy.DEAREST] == dearest[1]


def test_the_judge_has_no_part_in_the_scores_it_judges() -> None:
    """With one source alone, its values may not show: every order of them must lead to the same picks."""
    forward, backward = Catalog(), Catalog()
    for number in range(24):
        for catalog, rating in ((forward, 1200 + 10 * number), (backward, 1440 - 10 * number)):
            catalog.model(f"lab{number % 3}/m{number}", prompt=f"0.{number + 10}", completion="1")
            catalog.arena(f"lab{number % 3}/m{number}", rating)
    picked = [
        {(pick.category, pick.budget): pick.picked_ids[Strategy.OURS] for pick in evaluate(catalog).picks}
        for catalog in (forward, backward)
    ]
    assert picked[0] == picked[1] != {}


def test_picks_stay_within_the_price_range() -> None:
    catalog = random_catalog(4, model_count=80, coverage=1.0)
    price_of = {facts.model_id: facts.pricing.prompt_usd_per_mtok or 0 for facts in catalog.models}
    high = [pick for pick in evaluate(catalog).picks if pick.budget is Budget.HIGH]
    assert high
    for pick in high:
        assert all(2 <= price_of[model_id] <= 20 for model_id in pick.picked_ids.values())


def test_variants_and_routers_are_never_judged() -> None:
    catalog = two_judges()
    catalog.model("lab2/m23:free", prompt="0", completion="0").model("openrouter/auto")
    plain, more = evaluate(two_judges()), evaluate(catalog)
    assert [pick.candidate_count for pick in more.picks] == [pick.candidate_count for pick in plain.picks]


def test_a_source_that_measured_few_models_does_not_judge() -> None:
    catalog = two_judges()
    catalog.row(Source.HF_LEADERBOARD, "lab0/m0", Measure("hf.average", 20.0))
    evaluation = evaluate(catalog)
    assert evaluation.too_narrow == (Source.HF_LEADERBOARD,)
    assert "hf-leaderboard measured too few" in evaluation_text(evaluation)


@pytest.mark.parametrize(("count", "is_judged"), [(4, False), (5, True)])
def test_a_price_range_of_few_models_is_not_judged(count: int, is_judged: bool) -> None:
    catalog = two_judges()
    for number in range(count):
        catalog.model(f"dear/m{number}", prompt="10", completion="20").arena(f"dear/m{number}", 1250 + 7 * number)
    assert any(pick.budget is Budget.HIGH for pick in evaluate(catalog).picks) == is_judged


def test_each_release_judges_for_itself() -> None:
    evaluation = evaluate(random_catalog(4, model_count=60, coverage=1.0))
    releases = {pick.release for pick in evaluation.picks if pick.source is Source.LIVEBENCH}
    assert releases == {"2026-01-08", "2026-06-25"}


def test_every_source_counts_the_same_in_the_mean() -> None:
    evaluation = evaluate(random_catalog(8, model_count=60, coverage=0.9))
    of_sources = [evaluation.mean_regrets(source=source)[Strategy.OURS] for source in evaluation.sources]
    assert len(of_sources) == 3
    assert evaluation.mean_regrets()[Strategy.OURS] == pytest.approx(sum(of_sources) / 3)


def test_intervals_hold_about_four_of_five_values_of_a_source_not_seen() -> None:
    shares = [evaluate(random_catalog(seed, model_count=80)).mean_interval_share() for seed in range(4)]
    assert 0.7 < sum(shares) / len(shares) < 0.95


def test_scores_follow_hidden_ability_better_than_any_simple_rule() -> None:
    regrets: dict[Strategy, float] = dict.fromkeys(Strategy, 0.0)
    for seed in range(4):
        for strategy, regret in evaluate(random_catalog(seed, model_count=80, coverage=0.7)).mean_regrets().items():
            regrets[strategy] += regret / 4
    others = [regrets[strategy] for strategy in Strategy if strategy is not Strategy.OURS]
    assert regrets[Strategy.OURS] < min(others)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 40], 1),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1),
        ([1, 1, 1], [1, 2, 3], 0),
        ([1, 2, 2, 3], [1, 2, 3, 4], 0.9486833),  # ranks 1 2.5 2.5 4
        ([float("-inf"), 2, 3], [1, 2, 3], 1),
    ],
)
def test_spearman_is_the_correlation_of_mean_ranks(left: list[float], right: list[float], expected: float) -> None:
    assert spearman_correlation(left, right) == pytest.approx(expected)


def test_the_payload_is_one_json_object_with_every_strategy() -> None:
    payload = json.loads(json.dumps(evaluation_payload(evaluate(random_catalog(2, model_count=60))), allow_nan=False))
    assert set(payload["overall"]["regret"]) == set(Strategy)
    assert set(payload["overall"]["spearman"]) == set(Strategy)
    assert set(payload["budgets"]) == {"low", "medium", "high", "any"}
    assert payload["picks"][0].keys() >= {"source", "category", "budget", "best", "picked", "regret", "candidates"}


def test_an_evaluation_without_any_judge_says_so() -> None:
    evaluation = evaluate(Catalog().model("lab/m"))
    assert "No source" in evaluation_text(evaluation)
    assert evaluation_payload(evaluation)["overall"] == {"regret": {}, "spearman": {}, "intervalShare": 0.0}


# --- the command ---------------------------------------------------------------------------


def write_captures(directory: Path, *, count: int = 30) -> None:
    models = [
        {
            "id": f"acme/anvil-{number}",
            "name": f"Acme: Anvil {number}",
            "created": 1_780_000_000 + 86_400 * number,
            "context_length": 128_000,
            "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
            "pricing": {"prompt": f"0.{number:09d}1", "completion": "0.000002"},
            "supported_parameters": [],
        }
        for number in range(1, count)
    ]
    (directory / "openrouter.json").write_text(json.dumps({"data": models}))
    tasks = ("theory_of_mind", "code_generation", "python", "math_comp", "tablejoin", "typos", "simplify")
    lines = ["model," + ",".join(tasks)]
    lines += [f"anvil-{number}," + ",".join([str(30 + number)] * len(tasks)) for number in range(1, count)]
    (directory / "livebench").mkdir()
    (directory / "livebench" / "table_2026_06_25.csv").write_text("\n".join(lines) + "\n")


def test_the_command_prints_tables_or_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_captures(tmp_path)
    call_command("evaluate_scoring", from_captures=tmp_path)
    text = capsys.readouterr().out
    assert "livebench left out" in text
    assert all(strategy in text for strategy in Strategy)
    call_command("evaluate_scoring", from_captures=tmp_path, json=True)
    payload = json.loads(capsys.readouterr().out)
    assert payload["sources"].keys() == {"livebench"}
    assert payload["sources"]["livebench"]["regret"]["newest"] == 0
    values = [pick["regret"]["smart-spawn"] for pick in payload["picks"]]
    assert values
    assert all(value >= 0 for value in values)


def test_the_command_reports_a_source_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_captures(tmp_path)
    (tmp_path / "artificial-analysis-legacy.json").write_text("<html>blocked</html>")
    call_command("evaluate_scoring", from_captures=tmp_path)
    captured = capsys.readouterr()
    assert captured.err.startswith("Artificial Analysis: ")
    assert "livebench left out" in captured.out


def test_the_command_needs_a_model_list(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no model list"):
        call_command("evaluate_scoring", from_captures=tmp_path)


def test_the_tables_line_up() -> None:
    lines = [line for line in evaluation_text(evaluate(two_judges())).splitlines() if "picks the best" in line]
    ends = {line.index("  picks") for line in lines}
    assert len(lines) > 1
    assert all(first == second for first, second in pairwise(ends))
