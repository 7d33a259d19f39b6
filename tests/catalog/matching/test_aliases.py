from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.matching import build_index, dump_aliases, load_shipped_aliases, match_name, parse_aliases
from catalog.shapes import Alias, Match, MatchRule, Source
from smartspawn.lib.errors import InvalidBody
from tests.catalog.matching.catalogue import model, real_models


def found(name: str, *aliases: Alias, source: Source = Source.LMARENA, external_id: str = "") -> Match:
    models = [model("acme/rocket", can_think=True), model("acme/lunar"), model("openrouter/auto")]
    return match_name(build_index(models, aliases), source=source, name=name, external_id=external_id)


def test_an_alias_stands_above_every_rule() -> None:
    answer = found("rocket", Alias("lmarena", "rocket", "acme/lunar", "renamed in May"))

    assert (answer.model_id, answer.rule, answer.confidence_prob) == ("acme/lunar", MatchRule.ALIAS, 1.0)
    assert answer.reason == "an alias names it: renamed in May"


def test_an_alias_without_a_model_refuses() -> None:
    answer = found("rocket", Alias("", "rocket", "", "a test bed"))

    assert (answer.model_id, answer.rule) == (None, MatchRule.NONE)
    assert answer.reason == "an alias says that it is not listed: a test bed"


@pytest.mark.parametrize("spelling", ["code-name x", "Code_Name-X", "CODE NAME  X "])
def test_an_alias_is_found_whatever_its_case_and_separators(spelling: str) -> None:
    assert found(spelling, Alias("", "Code-Name X", "acme/rocket")).model_id == "acme/rocket"


def test_an_alias_of_another_source_does_not_count() -> None:
    alias = Alias("livebench", "codename", "acme/rocket")

    assert found("codename", alias).model_id is None
    assert found("codename", alias, source=Source.LIVEBENCH).model_id == "acme/rocket"


def test_an_alias_for_this_source_comes_before_one_for_all_and_a_later_one_before_an_earlier() -> None:
    own, general, later = (
        Alias("lmarena", "codename", "acme/rocket"),
        Alias("", "codename", "acme/lunar"),
        Alias("lmarena", "CodeName", "acme/lunar"),
    )

    assert found("codename", general, own).model_id == found("codename", own, general).model_id == "acme/rocket"
    assert found("codename", own, later).model_id == "acme/lunar"


def test_an_alias_may_name_the_sources_own_key() -> None:
    assert found("whatever", Alias("", "7f3a-uuid", "acme/rocket"), external_id="7f3a-uuid").model_id == "acme/rocket"


@pytest.mark.parametrize("target", ["acme/gone", "openrouter/auto"])
def test_an_alias_to_something_that_is_no_listed_model_refuses(target: str) -> None:
    answer = found("rocket", Alias("", "rocket", target))

    assert answer.model_id is None
    assert answer.reason == f"an alias names {target}, which is no listed model now"


def test_an_alias_keeps_the_effort() -> None:
    assert found("codename (high)", Alias("", "codename (high)", "acme/rocket")).effort == "high"


# --- YAML ----------------------------------------------------------------------------------


def test_the_shipped_aliases_each_have_a_reason_and_a_listed_model() -> None:
    listed = {facts.model_id for facts in real_models()}

    assert load_shipped_aliases()
    for alias in load_shipped_aliases():
        assert len(alias.why) > 30
        assert not alias.model_id or alias.model_id in listed


def test_aliases_are_read() -> None:
    text = """
        aliases:
        - source: lmarena
          name: codename
          model_id: acme/rocket
          why: said so
        - {name: b, model_id: '', why: x}
    """

    assert parse_aliases(text) == (
        Alias("lmarena", "codename", "acme/rocket", "said so"),
        Alias("", "b", "", "x"),
    )


@pytest.mark.parametrize("text", ["", "aliases:", "aliases: []", "# nothing\n"])
def test_no_aliases_are_read_from_nothing(text: str) -> None:
    assert parse_aliases(text) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aliases: [", "Line 2:"),
        ("aliases:\n- name: a\n   model_id: b\n", "Line 3:"),
        ("- name: a", "The file needs one key, 'aliases'"),
        ("aliases: codename", "The file needs one key, 'aliases'"),
        ("aliases:\n- codename", "Entry 1: write it as name, model_id and why."),
        (
            "aliases:\n- {name: a, model_id: b, why: c}\n- {name: d, modelid: e, why: f}",
            "Entry 2: 'modelid' is not one of",
        ),
        ("aliases:\n- {name: a, why: c}", "Entry 1: model_id must be given."),
        ("aliases:\n- {model_id: a}", "Entry 1: name and why must be given."),
        ("aliases:\n- {name: '', model_id: b, why: c}", "Entry 1: name and why must not be empty."),
        ("aliases:\n- {name: 4.5, model_id: b, why: c}", "Entry 1: put the name in quotes"),
        ("aliases:\n- {name: a, model_id: [b], why: c}", "Entry 1: put the model_id in quotes"),
        ("aliases:\n- {name: a, model_id: b, why: c, source: nobody}", "Entry 1: the source 'nobody' is not known."),
        (
            "aliases:\n- {name: 'a-b', model_id: c, why: d}\n- {name: A B, model_id: e, why: f}",
            "Entry 2: 'A B' already stands in entry 1.",
        ),
        (f"aliases:\n- {{name: {'a' * 501}, model_id: b, why: c}}", "Entry 1: the name is too long"),
        ('aliases:\n- {name: "a\\u0007", model_id: b, why: c}', "Entry 1: the name is too long or contains control"),
        ("aliases:\n- !!python/object/apply:os.system ['true']", "Line 2:"),
        ("#" * 500_001, "The file has more than 500,000 characters."),
        ("\x00", "This cannot be read as YAML."),
        ("\n" + "[" * 100_000, "Line 2: this is nested too deeply."),
        ("{a: " * 100_000, "Line 1: this is nested too deeply."),
    ],
)
def test_what_cannot_be_read_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidBody) as fault:
        parse_aliases(text)

    assert fault.value.message.startswith(message)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(
    st.lists(
        st.builds(Alias, st.sampled_from(["", "lmarena", "livebench"]), WORDS, st.one_of(st.just(""), WORDS), WORDS)
    )
)
def test_written_aliases_are_read_back(aliases: list[Alias]) -> None:
    unique = {(alias.source, alias.name.casefold().replace("_", " ").replace("-", " ")): alias for alias in aliases}
    kept = [alias for alias in unique.values() if alias.name.strip("-_ ")]

    assert sorted(parse_aliases(dump_aliases(kept)), key=repr) == sorted(kept, key=repr)


def test_written_aliases_are_in_order() -> None:
    aliases = [Alias("lmarena", "b", "x/y", "w"), Alias("", "c", "x/y", "w"), Alias("lmarena", "a", "x/y", "w")]

    assert [alias.name for alias in parse_aliases(dump_aliases(aliases))] == ["c", "a", "b"]
