"""A sentence that begins anywhere in a window is in its utterance from the first sample to the last."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.vad import (
    Segmenter,
    SileroVAD,
    SpeechConfirmed,
    SpeechContinued,
    SpeechEnded,
    VadOption,
    build_vad,
)
from micdrop_widget.vad.combine import detectors
from micdrop_widget.vad.silero_sequence import silero_probabilities

from ..browser.spoken import spoken

ALIGNMENTS: list[int] = np.random.default_rng(7).permutation(FRAME_SAMPLES)[:200].tolist()
LEAD = 20 * FRAME_SAMPLES
TAIL = 14_000


@cache
def recording(alignment: int) -> tuple[Pcm, NDArray[np.float32]]:
    """Return the sentence in silence, that many samples behind the edge of a window, and Silero's probabilities."""
    sentence = spoken("sentence").pcm_of(0)
    pcm = np.zeros(LEAD + alignment + len(sentence) + TAIL, np.int16)
    pcm[LEAD + alignment : LEAD + alignment + len(sentence)] = sentence
    return pcm, silero_probabilities(pcm)


def heard(vad: VadOption, alignment: int) -> list[tuple[int, Pcm]]:
    """Return the first sample and the samples of each utterance, as a live call would send them."""
    pcm, probabilities = recording(alignment)
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
def test_the_utterance_holds_every_sample_for_200_alignments_of_a_sentence(vad: VadOption) -> None:
    length = len(spoken("sentence").pcm_of(0))
    for alignment in ALIGNMENTS:
        first, (pcm, _) = LEAD + alignment, recording(alignment)
        ((start, samples),) = heard(vad, alignment)
        assert start <= first, alignment
        assert start + len(samples) >= first + length, alignment
        assert np.array_equal(samples, pcm[start : start + len(samples)]), alignment
