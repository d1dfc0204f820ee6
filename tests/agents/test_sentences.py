"""Where a text is cut for the voice."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micdrop_widget.agents import cut_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello. How are you? Fine!", ["Hello.", "How are you?", "Fine!"]),
        ("It is 3.14 metres.", ["It is 3.14 metres."]),
        ("Dr. Smith met Mr. Jones. They spoke.", ["Dr. Smith met Mr. Jones.", "They spoke."]),
        ("J. S. Bach wrote it. Yes.", ["J. S. Bach wrote it.", "Yes."]),
        ("So do I. You too.", ["So do I.", "You too."]),
        ("Apples, pears, etc. and more. End.", ["Apples, pears, etc. and more.", "End."]),
        ("At 5 p.m. The bell rang.", ["At 5 p.m.", "The bell rang."]),
        ("Wait... what? Yes... No.", ["Wait... what?", "Yes...", "No."]),
        ('She said "go." He went.', ['She said "go."', "He went."]),
        ("One\nTwo\n\nThree", ["One", "Two", "Three"]),
        ("1. First.\n2. Second.", ["1. First.", "2. Second."]),
        ("See e.g. this one.", ["See e.g. this one."]),
        ("こんにちは。元気ですか？", ["こんにちは。", "元気ですか？"]),
        ("no end", ["no end"]),
        ("", []),
        (" ... \n - ", []),
        ("Really?! Yes.", ["Really?!", "Yes."]),
    ],
)
def test_a_whole_text_is_cut_behind_its_sentences(text: str, sentences: list[str]) -> None:
    assert cut_sentences(text, True) == (sentences, "")


def test_a_sentence_is_whole_only_when_something_follows_its_full_stop() -> None:
    assert cut_sentences("It costs 3.", False) == ([], "It costs 3.")
    assert cut_sentences("It costs 3.50 now. O", False) == (["It costs 3.50 now."], " O")


def test_a_very_long_sentence_is_cut_behind_its_last_comma_or_blank() -> None:
    text = "word, " * 50
    sentences, rest = cut_sentences(text, False)
    assert sentences == [("word, " * 40).strip()]
    assert rest == "word, " * 10
    assert cut_sentences("word " * 50, False)[0] == [("word " * 48).strip()]
    assert cut_sentences("w" * 500, False) == ([], "w" * 500)


@given(st.text(alphabet="ab .!?,\n1", max_size=400), st.lists(st.integers(0, 400), max_size=8))
def test_however_a_text_arrives_nothing_that_can_be_spoken_is_lost_or_said_twice(text: str, cuts: list[int]) -> None:
    marks = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    spoken, rest = [], ""
    for begin, end in itertools.pairwise(marks):
        whole, rest = cut_sentences(rest + text[begin:end], False)
        spoken += whole
    spoken += cut_sentences(rest, True)[0]
    assert [c for c in "".join(spoken) if c.isalnum()] == [c for c in text if c.isalnum()]
