"""An agent to copy and to change: it knows a handful of phrases, and says so."""

import asyncio
from datetime import datetime
from typing import Any

from micdrop_widget.agents.offline import number_in
from micdrop_widget.protocol import EndCall

__all__ = ["GREETING", "NOT_UNDERSTOOD", "PHRASES", "companion"]

PHRASES = [
    "hello | hi | good morning | help | who are you | what can you do",
    "what time is it [ now ] | what is the time",
    "( what | how much ) is <number> ( plus | minus | times | divided by ) <number>",
    "[ please ] set a timer for <number> ( second | seconds | minute | minutes )",
    "ask me [ a question | something ] | another question | quiz",
    "[ it is | the answer is | i think ] ( paris | london | rome | mercury | venus | mars | <number> )",
    "my name is ( alice | anna | ben | bob | emma | jack | john | kate | mary | max | paul | peter | sarah | tom )",
    "what is my name | who am i",
    "goodbye | bye bye",
]
NOT_UNDERSTOOD = "(not understood)"
GREETING = "Hello! I am sixty lines of Python, and need no network. Ask me what I can do."
QUIZ = [("How many legs has a spider?", "eight"), ("What is the capital of France?", "paris")]
QUIZ += [("Which planet is nearest to the sun?", "mercury"), ("How many days are in a week?", "seven")]
SUMS = {"plus": lambda a, b: a + b, "minus": lambda a, b: a - b, "times": lambda a, b: a * b}
SUMS["divided"] = lambda a, b: f"{a / b:.4g}" if b else "more than I can count"


async def companion(conversation: list[dict[str, Any]], call: Any) -> Any:  # noqa: ANN401 - a text, or more
    """Answer what was said last; `call.notes` is what is remembered of this call."""
    said, notes = conversation[-1]["content"].lower(), call.notes
    sign = next((sign for sign in SUMS if f" {sign} " in said), None)
    if "bye" in said:
        return f"Goodbye, {notes.get('name', 'my friend')}.", EndCall()
    if "time is" in said or "the time" in said:
        return f"It is {datetime.now():%H:%M}."
    if sign:
        return f"That is {SUMS[sign](*map(number_in, said.split(sign)))}."
    if "timer" in said:
        seconds = number_in(said) * (60 if "minute" in said else 1)
        asyncio.get_running_loop().call_later(seconds, call.say, "Your time is up.")
        return f"A timer of {seconds} seconds is set."
    if "ask me" in said or "quiz" in said or "question" in said:
        question, notes["answer"] = QUIZ[call.turns % len(QUIZ)]
        return question
    if "my name is" in said:
        notes["name"] = said.split()[-1].capitalize()
        return f"Nice to meet you, {notes['name']}."
    if said in ("what is my name", "who am i"):
        return f"You are {notes['name']}." if "name" in notes else "You have not said it yet."
    if "answer" in notes:
        answer = notes.pop("answer")
        return "That is right." if answer in said.split() else f"No, it is {answer}."
    start = "I did not understand that. " if said == NOT_UNDERSTOOD else ""
    return f"{start}I know the time, sums, timers, a quiz, and your name. Say goodbye to end the call."
