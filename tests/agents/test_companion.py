"""The example agent, without sound."""

from __future__ import annotations

import asyncio
import inspect
import re
from typing import Any

import pytest

from micdrop_widget.agents import EndCall, companion, number_in
from micdrop_widget.agents import companion as _  # noqa: F401 - the function, and not its module
from micdrop_widget.agents.offline import _jsgf


class Call:
    """A call as far as the agent knows it."""

    def __init__(self) -> None:
        self.notes: dict[str, Any] = {}
        self.turns = 0
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    async def ask(self, text: str) -> Any:
        self.turns += 1
        return await companion([{"role": "user", "content": text}], self)


@pytest.mark.parametrize(
    ("text", "number"),
    [("zero", 0), ("a hundred", 100), ("one hundred", 100), ("twenty-one", 21), ("ninety nine", 99), ("", 0), ("x", 0)],
)
def test_a_number_is_read_from_its_words(text: str, number: int) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what is twenty three plus nineteen", "That is 42."),
        ("how much is seven times eight", "That is 56."),
        ("how much is five minus a hundred", "That is -95."),
        ("how much is ten divided by four", "That is 2.5."),
        ("how much is ten divided by zero", "That is more than I can count."),
        ("hello", "I know the time, sums, timers, a quiz, and your name. Say goodbye to end the call."),
    ],
)
async def test_it_calculates(question: str, answer: str) -> None:
    assert await Call().ask(question) == answer


async def test_it_knows_the_time() -> None:
    assert re.fullmatch(r"It is \d\d:\d\d\.", await Call().ask("what time is it"))


async def test_it_remembers_a_name_and_ends_the_call() -> None:
    call = Call()
    assert await call.ask("what is my name") == "You have not said it yet."
    assert await call.ask("my name is anna") == "Nice to meet you, Anna."
    assert await call.ask("what is my name") == "You are Anna."
    assert await call.ask("goodbye") == ("Goodbye, Anna.", EndCall())
    assert await Call().ask("bye bye") == ("Goodbye, my friend.", EndCall())


async def test_it_asks_and_knows_the_answer() -> None:
    call = Call()
    assert await call.ask("ask me a question") == "What is the capital of France?"
    assert await call.ask("paris") == "That is right."
    assert await call.ask("another question") == "How many days are in a week?"
    assert await call.ask("it is eight") == "No, it is seven."


async def test_its_timer_speaks_without_being_asked() -> None:
    call = Call()
    assert await call.ask("set a timer for zero seconds") == "A timer of 0 seconds is set."
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert call.said == ["Your time is up."]
    assert await call.ask("set a timer for two minutes") == "A timer of 120 seconds is set."


def test_it_has_at_most_sixty_lines() -> None:
    path = inspect.getsourcefile(companion)
    assert path is not None
    with open(path) as file:
        assert len(file.readlines()) <= 60


@pytest.mark.parametrize("grammar", ["what time is it", [], ""])
def test_a_grammar_is_a_list_of_phrases_or_jsgf(grammar: Any) -> None:
    with pytest.raises(ValueError, match="expected a list of"):
        _jsgf(grammar)
