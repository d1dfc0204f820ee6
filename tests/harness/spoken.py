"""The spoken WAVs of ``tests/fixtures``."""

from __future__ import annotations

import json
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.paths import FIXTURES


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: samples ``[start_sample, end_sample)`` of its file."""

    start_sample: int
    end_sample: int
    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A file with its sentences; `pcm` is int16 at 16 kHz, mono."""

    path: Path
    pcm: NDArray[np.int16]
    sentences: tuple[Sentence, ...]

    def pcm_of(self, sentence: int) -> NDArray[np.int16]:
        """Return the samples of one sentence, its silence cut off."""
        found = self.sentences[sentence]
        return self.pcm[found.start_sample : found.end_sample]


def spoken(name: str) -> Spoken:
    """Read ``tests/fixtures/NAME.wav`` with what the index says of it.

    Raises
    ------
    KeyError
        The index does not know the file.
    """
    index = json.loads((FIXTURES / "index.json").read_text())[f"{name}.wav"]
    path = FIXTURES / f"{name}.wav"
    with wave.open(str(path)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return Spoken(path, pcm, tuple(Sentence(**segment) for segment in index["speech"]))


def write_wav(path: Path, pcm: NDArray[np.int16], sample_rate: int = 16000) -> Path:
    """Write int16 mono samples as a WAV and return its path; a microphone for one test.

    The fake microphone repeats a file's last 10 ms for ever: end in silence.
    """
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def say_at(path: Path, said: Mapping[float, NDArray[np.int16]], *, then_s: float = 2) -> Path:
    """Write what is said at which second, and silence between it and for `then_s` after it."""
    end = max(round(16_000 * at_s) + len(pcm) for at_s, pcm in said.items()) + round(16_000 * then_s)
    whole = np.zeros(end, np.int16)
    for at_s, pcm in said.items():
        whole[round(16_000 * at_s) :][: len(pcm)] = pcm
    return write_wav(path, whole)
