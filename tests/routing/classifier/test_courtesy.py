"""Greetings and thanks go; the task stays, word for word."""

from __future__ import annotations

import time

import pytest

from routing.classifier.courtesy import without_courtesy


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Hi! Could you please help me with this: fix the bug", "fix the bug"),
        ("hello there, i hope you're doing well. can you fix login?", "fix login?"),
        ("please fix tests", "fix tests"),
        ("Thanks in advance! would you mind fixing the css? thanks", "fixing the css?"),
        ("I'd be grateful if you could add a test", "add a test"),
        ("Dear team, kindly rename foo to bar. Many thanks!", "rename foo to bar."),
        ("Hey Claude, when you get a minute, bump react to 19", "bump react to 19"),
        ("Sorry to bother you, but I need you to drop the table", "drop the table"),
        ("Hallo, bitte den Test reparieren", "den Test reparieren"),
    ],
)
def test_courtesy_goes(text: str, task: str) -> None:
    assert without_courtesy(text) == task


@pytest.mark.parametrize(
    "text",
    [
        "fix the greeting that says hi there",
        "highlight the current row",
        "Hiding the sidebar loses the focus",
        "thanksgiving menu for eight",
        "pleased customers: count the reviews",
        "write a thank you note to grandma",
        "can you",
        "please",
        "hi",
        "",
        "cannot log in, why",
        "quickly sorting a list in C",
    ],
)
def test_what_only_looks_like_courtesy_stays(text: str) -> None:
    assert without_courtesy(text) == text


@pytest.mark.parametrize("text", ["hi " * 2700, "please " * 1170, "thanks " * 1170, "i hope you " * 740, "a" * 8192])
def test_the_longest_text_takes_no_time(text: str) -> None:
    began = time.process_time()
    without_courtesy(text)
    assert time.process_time() - began < 0.05
