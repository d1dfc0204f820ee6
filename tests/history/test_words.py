"""Word error rates, per turn and in all."""

from __future__ import annotations

import sys

import pytest

from micdrop_widget import wer
from micdrop_widget.errors import MissingPackageError
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.history.words import WordErrors


def test_case_punctuation_and_spaces_are_no_errors() -> None:
    assert wer("What time is it?", "  what TIME is, it") == 0


@pytest.mark.parametrize(
    ("said", "understood", "rate"),
    [
        ("one two three four", "one too three four", 0.25),
        ("one two three four", "one three four", 0.25),
        ("one two", "one two three four", 1.0),
        ("one", "", 1.0),
        (["one two three", "four"], ["one two three", ""], 0.25),
    ],
)
def test_errors_are_counted_by_the_words_that_were_said(
    said: str | list[str], understood: str | list[str], rate: float
) -> None:
    assert wer(said, understood) == rate


def test_there_must_be_as_many_of_the_one_as_of_the_other() -> None:
    with pytest.raises(ValueError, match="got 2 and 1"):
        wer(["one", "two"], "one")
    with pytest.raises(ValueError, match="at least one reference"):
        wer([], [])


def test_turns_are_compared_one_by_one_and_together() -> None:
    turns = Turns(
        [
            Turn("greeting", assistant_text="Hello!"),
            Turn(user_text="Turn on the lights"),
            Turn(user_text="of the kitchen chair"),
            Turn(),
            Turn(user_text="Nobody knows what this was"),
        ]
    )
    assert turns.wer(["Turn on the light.", "in the kitchen", "please", None]) == WordErrors(
        rate=4 / 8, per_turn=(1 / 4, 2 / 3, 1.0, None), reference_words=8, substitutions=2, deletions=1, insertions=1
    )
    with pytest.raises(ValueError, match="each of 4 turns, got 1"):
        turns.wer(["Turn on the light."])


def test_a_missing_jiwer_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(MissingPackageError, match=r"pip install \"micdrop-widget\[analysis\]\""):
        wer("one", "one")
