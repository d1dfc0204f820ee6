"""The steps of a turn, each with the function that judges it by the facts of the call. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from micdrop_widget.history.diagnosis.answer_steps import answer, audio, heard, transcript
from micdrop_widget.history.diagnosis.call_steps import connection, started
from micdrop_widget.history.diagnosis.facts import CallFacts
from micdrop_widget.history.diagnosis.hearing_steps import detection, frames, holds, level, listening, microphone
from micdrop_widget.history.diagnosis.result import Diagnosis, Step
from micdrop_widget.history.diagnosis.sending_steps import start_speaking, stop_speaking

__all__ = ["STEPS", "diagnose"]

STEPS: tuple[tuple[str, Callable[[CallFacts], Step]], ...] = (
    ("call", started),
    ("microphone", microphone),
    ("connection", connection),
    ("frames", frames),
    ("holds", holds),
    ("level", level),
    ("listening", listening),
    ("detection", detection),
    ("StartSpeaking", start_speaking),
    ("StopSpeaking", stop_speaking),
    ("transcript", transcript),
    ("answer", answer),
    ("audio", audio),
    ("heard", heard),
)
"""The steps of a turn, in order."""


def diagnose(facts: CallFacts) -> Diagnosis:
    """Follow one turn through a call: the latest one of the user, or the one that is awaited.

    What follows a step that is broken was not reached, unless it happened all the same.
    """
    steps: list[Step] = []
    has_stopped = False
    for name, check in STEPS:
        step = replace(check(facts), name=name)
        if has_stopped and step.outcome != "ok":
            step = Step(name, "not reached")
        has_stopped = has_stopped or step.outcome in ("broken", "waiting")
        steps.append(step)
    subject = "a turn that is awaited" if facts.turn is None else f"turn {facts.turn_number} of {facts.turns}"
    return Diagnosis(tuple(steps), subject)
