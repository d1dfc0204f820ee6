"""A sentence that begins anywhere in a window is in its utterance from the first sample to the last."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, Pcm, float_to_pcm, pcm_to_float
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.vad import Segmenter, SileroVAD, VadOption, build_vad
from micdrop_widget.vad.combine import detectors
from micdrop_widget.vad.silero_sequence import silero_probabilities
from tests.harness.spoken import spoken

ALIGNMENTS: list[int] = np.random.default_rng(7).permutation(3 * FRAME_SAMPLES)[:200].tolist()
LEAD = 36 * FRAME_SAMPLES
TAIL = 14_000
SENTENCES = ["plain", "a short word first", "a soft beginning"]
"""What a detector by volume hears from the first sound on, only suspects at first, and hears late."""


@cache
def sentence_of(name: str) -> Pcm:
    if name != "a soft beginning":
        return spoken("sentence" if name == "plain" else "stop").pcm_of(0)
    samples = pcm_to_float(spoken("sentence").pcm_of(0)).copy()
    rise = 500 * 16
    samples[:rise] *= 10 ** (np.linspace(-40, 0, rise, dtype=np.float32) / 20)
    return float_to_pcm(samples)


@cache
def recording(name: str, alignment: int) -> tuple[Pcm, NDArray[np.float32]]:
    """Return the sentence in silence, that many samples behind the edge of a window, and Silero's probabilities."""
    sentence = sentence_of(name)
    pcm = np.zeros(LEAD + alignment + len(sentence) + TAIL, np.int16)
    pcm[LEAD + alignment : LEAD + alignment + len(sentence)] = sentence
    return pcm, silero_probabilities(pcm)


def heard(vad: VadOption, name: str, alignment: int) -> list[tuple[int, Pcm]]:
    """Return the first sample and the samples of each utterance, as a live call would send them."""
    pcm, probabilities = recording(name, alignment)
    detector = build_vad(vad)
    with ExitStack() as replays:  # of the same numbers as from window to window
        for member in detectors(detector):
            if isinstance(member, SileroVAD):
                replays.enter_context(member.replaying(probabilities))
        events = Segmenter(detector).push(pcm)
    found: list[tuple[int, list[Pcm]]] = []
    for event in events:
        match event:
            case SpeechConfirmed(_, start, samples):
                found.append((start, [samples]))
            case SpeechContinued(samples):
                found[-1][1].append(samples)
    assert sum(isinstance(event, SpeechEnded) for event in events) == len(found)
    return [(start, np.concatenate(parts)) for start, parts in found]


@pytest.mark.parametrize("vad", ["volume", "silero", ("volume", "silero")], ids=str)
@pytest.mark.parametrize("name", SENTENCES)
def test_the_utterance_holds_every_sample_for_200_alignments_of_a_sentence(name: str, vad: VadOption) -> None:
    length = len(sentence_of(name))
    for alignment in ALIGNMENTS:
        first, (pcm, _) = LEAD + alignment, recording(name, alignment)
        ((start, samples),) = heard(vad, name, alignment)
        assert start <= first, alignment
        assert start + len(samples) >= first + length, alignment
        assert np.array_equal(samples, pcm[start : start + len(samples)]), alignment
