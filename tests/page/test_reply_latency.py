"""The latency of a call's turns against the time between what its page captured and what it played."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from tests.harness.page_replies import ANSWERING, page_reply_latencies_ms, say_questions
from tests.page.calls import Opener, wait_for_turns

_TURNS = 3


def test_a_reply_took_as_long_as_in_the_pages_own_audio(open_call: Opener, tmp_path: Path) -> None:
    namespace: dict[str, Any] = {}
    exec(ANSWERING, namespace)
    questions = say_questions(tmp_path / "questions.wav", _TURNS)
    held = open_call(open_call.serve(namespace["respond"]), microphone=questions, tap_microphone=True)
    held.start()
    wait_for_turns(held.call, _TURNS)
    (loudspeaker,), (microphone,) = held.page.taps(), held.page.taps("microphone")
    measured = page_reply_latencies_ms(loudspeaker, microphone)
    reported = [turn.reply_latency_ms for turn in held.call.turns]
    assert len(measured) == len(reported) == _TURNS
    apart = [in_turn - in_page for in_turn, in_page in zip(reported, measured, strict=True) if in_turn is not None]
    assert len(apart) == _TURNS
    assert median(map(abs, apart)) <= 25, apart
