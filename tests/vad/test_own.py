"""Detectors of a user's own: one method, from a window to a score or a status."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from micdrop_widget import VAD, MicdropClient, MicdropServer, SileroVAD, detect_speech
from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from micdrop_widget.speech import SpeechConfirmed, SpeechStarted
from micdrop_widget.vad import CombinedVAD, Segmenter, Status
from micdrop_widget.vad.score_gate import ScoreGate
from tests.harness.callers import loud, quiet
from tests.harness.spoken import spoken

WINDOW = np.zeros(FRAME_SAMPLES, np.float32)
SILENCE, MAYBE, SPEAKING = Status


class Score(VAD):
    """The loudness of the window is its score."""

    def update(self, window: NDArray[np.float32]) -> float:
        return float(window.max())


class Sensitive(Score):
    threshold = 0.2
    negative_threshold = 0.1


class Decision(VAD):
    """What is loud is speech."""

    def update(self, window: NDArray[np.float32]) -> Status:
        return SPEAKING if window.max() > 0.1 else SILENCE


class Answers(VAD):
    """Gives these answers."""

    def __init__(self, *answers: Any) -> None:
        self.answers = iter(answers)

    def update(self, window: NDArray[np.float32]) -> Any:
        return next(self.answers)


def said(vad: VAD, windows: int) -> list[Status]:
    gate = ScoreGate(vad)
    return [gate.update(WINDOW) for _ in range(windows)]


def test_a_detector_that_answers_with_a_status_needs_no_other_method() -> None:
    segments = detect_speech(np.concatenate([quiet(20), loud(3), quiet(2)]), vad=Decision()).segments
    assert [(one.start_sample, one.confirmed_sample, one.end_sample) for one in segments] == [
        (10 * FRAME_SAMPLES, 21 * FRAME_SAMPLES, 24 * FRAME_SAMPLES)
    ]


def test_a_score_passes_the_thresholds_and_counts_of_silero() -> None:
    pcm = spoken("two_sentences").pcm
    model = SileroVAD()
    model.load()

    class Own(VAD):
        def update(self, window: NDArray[np.float32]) -> float:
            return model.update(window)

        def reset(self) -> None:  # which the base need not know of
            model.reset()

    own, silero = detect_speech(pcm, vad=Own()), detect_speech(pcm, vad="silero")
    assert own.segments == silero.segments
    assert_array_equal(own.status, silero.status)
    assert np.abs(own.probability - silero.probability).max() < 1e-5


def test_the_settings_of_the_gate_are_set_on_the_class_or_on_the_detector_while_it_listens() -> None:
    class Quick(Score):
        min_speech_ms = 32
        min_silence_ms = 64

    vad = Quick()
    gate = ScoreGate(vad)
    assert gate.update(WINDOW + 0.5) is SPEAKING
    assert [gate.update(WINDOW) for _ in range(2)] == [SPEAKING, SILENCE]
    vad.threshold = 0.6
    assert gate.update(WINDOW + 0.5) is SILENCE
    vad.min_speech_ms = 33
    assert [gate.update(WINDOW + 0.7) for _ in range(2)] == [MAYBE, SPEAKING]
    vad.min_silence_ms, vad.negative_threshold = 32, 0.1
    assert gate.update(WINDOW + 0.2) is SPEAKING
    vad.negative_threshold = 0.3
    assert gate.update(WINDOW + 0.2) is SILENCE
    assert vad.probability == pytest.approx(0.2)


@pytest.mark.parametrize("yes", [1.0, np.float32(0.9), True, np.True_])
def test_every_kind_of_score_is_understood(yes: Any) -> None:
    assert said(Answers(*[yes] * 4), 4) == [MAYBE, MAYBE, MAYBE, SPEAKING]
    assert said(Answers(0.0, False, np.False_), 3) == [SILENCE] * 3


@pytest.mark.parametrize("sure", [SPEAKING, 2, np.int64(2)])
def test_a_status_may_be_its_number(sure: Any) -> None:
    assert said(Answers(sure, 0), 2) == [SPEAKING, SILENCE]


@pytest.mark.parametrize("wrong", [None, "speech", math.nan, np.float32("nan"), 3, [0.5]])
def test_an_answer_that_is_neither_is_refused_with_the_name_of_the_detector(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"Answers.update\(\): expected a|3 is not a valid Status"):
        said(Answers(wrong), 1)


def test_a_new_stretch_of_audio_begins_with_no_score() -> None:
    segmenter = Segmenter(Sensitive())
    assert [type(event) for event in segmenter.push(loud(3))] == [SpeechStarted]
    segmenter.reset()
    assert [type(event) for event in segmenter.push(loud(3))] == [SpeechStarted]
    assert [type(event) for event in segmenter.push(loud(1))] == [SpeechConfirmed]


def test_a_score_counts_in_a_combination() -> None:
    vad = CombinedVAD([Score(), Decision()])
    assert [vad.update(WINDOW + 0.8) for _ in range(2)] == [SPEAKING, SPEAKING]
    assert vad.probability == pytest.approx(0.8)
    vad.reset()
    alone = CombinedVAD([Score()])
    assert [alone.update(WINDOW + 0.8) for _ in range(4)] == [MAYBE, MAYBE, MAYBE, SPEAKING]


async def test_a_call_detects_speech_with_a_detector_of_ones_own() -> None:
    pcm: Pcm = np.concatenate([quiet(30), loud(10), quiet(30)])
    async with MicdropServer() as server:
        source, sink = ArraySource(pcm, pace="fast"), VirtualSpeaker(pace="fast")
        async with MicdropClient(server.url, source=source, sink=sink, vad=Sensitive()) as call:
            await call.start()
            await call.until(isMicStarted=False, timeout=30)
    (turn,) = call.turns
    confirmed = [event for event in Segmenter(Sensitive()).push(pcm) if isinstance(event, SpeechConfirmed)]
    assert [(event.start, event.position) for event in confirmed] == [(turn.start_sample, turn.confirmed_sample)]
    assert turn.end_sample == (40 + 20) * FRAME_SAMPLES
