"""Turn detection by Smart Turn, a small neural network for intonation and words, in onnxruntime."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from micdrop_widget._onnx import open_session
from micdrop_widget._settings import Range
from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.turn.base import TurnDetector
from micdrop_widget.turn.features import (
    INPUT_SAMPLES,
    LEVEL_FRAME_SAMPLES,
    N_FRAMES,
    N_MELS,
    smart_turn_features,
    trim_silence,
)

__all__ = ["SmartTurn", "TurnVerdict"]

_HELD_SAMPLES = INPUT_SAMPLES + 5 * SAMPLE_RATE
"""The 8 s of the model's input, and a pause of 5 s at their end, of which most is trimmed."""


class SmartTurnModel:
    """The network alone: features to the probability that the turn is complete.

    Source: Smart Turn v3.2, int8, from the package pipecat-ai 1.14.0 (BSD-2-Clause): input `input_features`
    [1, 80, 800].
    """

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        name = "smart_turn_v3.2_cpu.onnx"
        self._session = open_session("micdrop_widget.turn", name, {"input_features"}, path=path, user="SmartTurn")

    def probability(self, features: NDArray[np.float32]) -> float:
        """Return the probability that a turn with these features, shape (80, 800), is complete."""
        (output,) = self._session.run(None, {"input_features": features[np.newaxis]})
        return float(np.reshape(output, -1)[0])


@dataclass(frozen=True, slots=True)
class TurnVerdict:
    """What a turn detector decided."""

    complete: bool
    """Whether the turn is over."""
    probability: float
    """The probability that it is."""
    duration_ms: float
    """How long the prediction took."""


class SmartTurn(TurnDetector):
    """Distinguishes the end of a turn from a pause in it, by Smart Turn v3.2 and the turn's last 8 s.

    A copy, by `copy` or `pickle`, has the settings, and may be used beside the original.

    Parameters
    ----------
    threshold
        Probability above which a turn is complete; an attribute, which may be changed while a call runs.
    model
        Path of another ONNX file of the same interface; the packaged one by default.

    Raises
    ------
    ValueError
        The threshold is no probability.
    """

    _ranges: ClassVar[Mapping[str, Range]] = {"threshold": Range(0, 1, "a probability", includes_low=True)}

    def __init__(self, threshold: float = 0.5, *, model: str | PathLike[str] | None = None) -> None:
        self.threshold = threshold
        self.verdict: TurnVerdict | None = None
        """The latest decision; None before the first of a turn. May be read from any thread."""
        self._model_path = model
        self._model: SmartTurnModel | None = None
        self._ring = np.zeros(_HELD_SAMPLES, dtype=np.int16)
        self._turn_samples = 0

    def __repr__(self) -> str:
        settings = super().__repr__()
        return settings if self._model_path is None else f"{settings[:-1]}, model={str(self._model_path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "verdict": None, "_model": None, "_turn_samples": 0}
        del state["_ring"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._ring = np.zeros(_HELD_SAMPLES, dtype=np.int16)

    @property
    def probability(self) -> float | None:
        """The probability of the latest decision; None before the first of a turn."""
        return None if self.verdict is None else self.verdict.probability

    def load(self) -> None:
        """Load onnxruntime and the model: some 100 ms the first time, nothing afterwards."""
        self._loaded()

    def reset(self) -> None:
        """Forget all audio; the model stays loaded."""
        self.verdict = None
        self._turn_samples = 0

    def push(self, pcm: Pcm) -> None:
        """Process the next samples; the last 13 s are held."""
        latest = pcm[-_HELD_SAMPLES:]
        start = (self._turn_samples + len(pcm) - len(latest)) % _HELD_SAMPLES
        first = min(len(latest), _HELD_SAMPLES - start)
        self._ring[start : start + first] = latest[:first]
        self._ring[: len(latest) - first] = latest[first:]
        self._turn_samples += len(pcm)

    def predict(self) -> float:
        """Return the probability that the turn is complete: the silence at its end trimmed, from its last 8 s."""
        model = self._loaded()
        began_s = time.perf_counter()
        probability = model.probability(smart_turn_features(trim_silence(self._held())))
        duration_ms = (time.perf_counter() - began_s) * 1000
        self.verdict = TurnVerdict(probability > self.threshold, probability, duration_ms)
        return probability

    def _loaded(self) -> SmartTurnModel:
        if self._model is None:
            model = SmartTurnModel(self._model_path)
            model.probability(np.zeros((N_MELS, N_FRAMES), dtype=np.float32))  # the first run allocates
            smart_turn_features(np.zeros(0, dtype=np.int16))  # fills the caches
            self._model = model
        return self._model

    def _held(self) -> Pcm:
        if self._turn_samples < _HELD_SAMPLES:
            return self._ring[: self._turn_samples]
        held: Pcm = np.roll(self._ring, -(self._turn_samples % _HELD_SAMPLES))
        # From a whole frame of the turn on, so that the silence is cut at the same sample however long the turn is.
        return held[-self._turn_samples % LEVEL_FRAME_SAMPLES :]
