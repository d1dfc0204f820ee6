"""The spoken sentence that the rows are measured with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.audio_input import as_pcm
from tests.harness.spoken import write_wav
from tests.paths import FIXTURES

__all__ = ["SENTENCE", "endless_frames", "sentence", "write_in_quiet_room"]

SENTENCE = FIXTURES / "sentence.wav"


def sentence() -> Pcm:
    """Return the sentence with the silence around it, int16 at 16 kHz."""
    pcm = as_pcm(SENTENCE)
    return pcm


def write_in_quiet_room(path: Path) -> Path:
    """Write the sentence as a microphone in a quiet room hears it, with noise of -64 dBFS, and return the path.

    The exact zeros around the sentence itself are those of a microphone that is switched off, which the panel says.
    """
    noise = np.random.default_rng(0).normal(0, 20, len(sentence()))
    return write_wav(path, np.clip(sentence() + np.rint(noise), -32768, 32767).astype(np.int16))


def endless_frames() -> Iterator[Pcm]:
    """Yield the sentence in frames of 512 samples, again and again."""
    pcm = sentence()
    ends = range(FRAME_SAMPLES, len(pcm) + 1, FRAME_SAMPLES)
    return itertools.cycle([pcm[end - FRAME_SAMPLES : end] for end in ends])
