"""The spoken sentence that the rows are measured with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.audio_input import as_pcm
from tests.paths import FIXTURES

__all__ = ["SENTENCE", "endless_frames", "sentence"]

SENTENCE = FIXTURES / "sentence.wav"


def sentence() -> Pcm:
    """Return the sentence with the silence around it, int16 at 16 kHz."""
    pcm = as_pcm(SENTENCE)
    return pcm


def endless_frames() -> Iterator[Pcm]:
    """Yield the sentence in frames of 512 samples, again and again."""
    pcm = sentence()
    ends = range(FRAME_SAMPLES, len(pcm) + 1, FRAME_SAMPLES)
    return itertools.cycle([pcm[end - FRAME_SAMPLES : end] for end in ends])
