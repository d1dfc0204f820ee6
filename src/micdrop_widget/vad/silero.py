"""Voice activity by Silero VAD, a small neural network, in onnxruntime."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from micdrop_widget._onnx import open_session
from micdrop_widget._settings import Range
from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, samples_to_ms
from micdrop_widget.vad.base import VAD

__all__ = ["CONTEXT_SAMPLES", "SileroVAD"]

CONTEXT_SAMPLES = 64
"""The model expects the last 64 samples of the window before in front of each; without them it misses quiet voices."""

_WINDOW_MS = samples_to_ms(FRAME_SAMPLES)


class WindowModel(Protocol):
    """A model that returns one probability of speech per window, given in their order."""

    def reset(self) -> None:
        """Begin with the first window of a new stretch."""
        ...

    def probability(self, window: NDArray[np.float32]) -> float:
        """Return the probability of the next window."""
        ...


class SileroModel:
    """The network alone: one probability of speech per window, with the context and state it carries.

    Source: silero-vad 6.2, `silero_vad_16k_op15.onnx`: input [1, 576], state [2, 1, 128], sr.
    """

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        inputs = {"input", "state", "sr"}
        self._session = open_session(
            "micdrop_widget.vad", "silero_vad_16k_op15.onnx", inputs, path=path, user="SileroVAD"
        )
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)
        self._input = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget context and state."""
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._input.fill(0)

    def probability(self, window: NDArray[np.float32]) -> float:
        """Return the probability that a window of 512 samples holds speech, and carry context and state on."""
        self._input[0, :CONTEXT_SAMPLES] = self._input[0, -CONTEXT_SAMPLES:]
        self._input[0, CONTEXT_SAMPLES:] = window
        output, self._state = self._session.run(None, {"input": self._input, "state": self._state, "sr": self._rate})
        return float(output[0, 0])


class _Replay:
    """Probabilities that are known already."""

    def __init__(self, probabilities: NDArray[np.float32]) -> None:
        self._probabilities = probabilities
        self.reset()

    def reset(self) -> None:
        self._next = iter(self._probabilities)

    def probability(self, window: NDArray[np.float32]) -> float:
        return float(next(self._next))


class SileroVAD(VAD):
    """Detects speech by Silero's probability of it.

    Every setting but the model is an attribute of the same name, and may be changed, in any order, while a call runs:
    it holds from the next window on. A copy, by `copy` or `pickle`, has the settings, and may be used beside
    the original.

    Parameters
    ----------
    threshold
        Probability at and above which a window counts as speech.
    negative_threshold
        Probability under which a window counts as silence; by default 0.35, or `threshold` where that is less.
    min_speech_ms
        How much speech confirms it, in whole windows of 32 ms, rounded up.
    min_silence_ms
        How much silence ends it, in whole windows of 32 ms, rounded up.
    pre_roll_ms
        Audio before the onset that is sent with the utterance, in whole windows, rounded up.
    model
        Path of another ONNX file of the same interface; the packaged one by default.

    Raises
    ------
    ValueError
        A setting makes no sense; the message says what was expected.
    """

    probability = 0.0

    _ranges: ClassVar[Mapping[str, Range]] = {
        "threshold": Range(0, 1, "a probability", includes_high=True),
        "negative_threshold": Range(0, 1, "a probability", includes_high=True),
        "min_speech_ms": Range(0, math.inf, "milliseconds"),
        "min_silence_ms": Range(0, math.inf, "milliseconds"),
        "pre_roll_ms": Range(0, math.inf, "milliseconds", includes_low=True),
    }

    def __init__(
        self,
        threshold: float = 0.5,
        negative_threshold: float | None = None,
        *,
        min_speech_ms: float = 128,
        min_silence_ms: float = 640,
        pre_roll_ms: float = 320,
        model: str | PathLike[str] | None = None,
    ) -> None:
        self.threshold = threshold
        self.negative_threshold = min(0.35, threshold) if negative_threshold is None else negative_threshold
        if self.negative_threshold > threshold:  # of two that are given at once, one is wrong
            raise ValueError(
                f"SileroVAD: expected negative_threshold <= threshold, "
                f"got threshold={threshold!r}, negative_threshold={negative_threshold!r}"
            )
        self.min_speech_ms = min_speech_ms
        self.min_silence_ms = min_silence_ms
        self.pre_roll_ms = pre_roll_ms
        self._model_path = model
        self._model: WindowModel | None = None

    @classmethod
    def from_micdrop(
        cls,
        *,
        positiveSpeechThreshold: float = 0.5,  # noqa: N803 - Micdrop's own names
        negativeSpeechThreshold: float = 0.35,  # noqa: N803
        minSpeechFrames: int = 4,  # noqa: N803
        redemptionFrames: int = 20,  # noqa: N803
        preSpeechPadFrames: int = 10,  # noqa: N803
    ) -> SileroVAD:
        """Return a detector with settings by Micdrop's names.

        Parameters
        ----------
        positiveSpeechThreshold, negativeSpeechThreshold
            `threshold` and `negative_threshold`. Thresholds tuned in a browser that leaves out the 64 samples in
            front of each window (Micdrop's own 0.18 and 0.11 are) are too low here: begin with ours.
        minSpeechFrames, redemptionFrames, preSpeechPadFrames
            `min_speech_ms`, `min_silence_ms` and `pre_roll_ms`, in frames of 512 samples: 32 ms each.
        """
        return cls(
            positiveSpeechThreshold,
            negativeSpeechThreshold,
            min_speech_ms=minSpeechFrames * _WINDOW_MS,
            min_silence_ms=redemptionFrames * _WINDOW_MS,
            pre_roll_ms=preSpeechPadFrames * _WINDOW_MS,
        )

    def __repr__(self) -> str:
        settings = super().__repr__()
        return settings if self._model_path is None else f"{settings[:-1]}, model={str(self._model_path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "probability": 0.0, "_model": None}

    @property
    def uses_packaged_model(self) -> bool:
        """Whether the model is the packaged one."""
        return self._model_path is None

    def load(self) -> None:
        """Load onnxruntime and the model: some 100 ms the first time, nothing afterwards."""
        self._loaded()

    @contextmanager
    def replaying(self, probabilities: NDArray[np.float32]) -> Iterator[None]:
        """Use probabilities that are known already, one a window since each reset, instead of the network's."""
        model, self._model = self._model, _Replay(probabilities)
        try:
            yield
        finally:
            self._model = model
            self.reset()

    def reset(self) -> None:
        """Forget all audio; the model stays loaded."""
        self.probability = 0.0
        if self._model is not None:
            self._model.reset()

    def update(self, window: NDArray[np.float32]) -> float:
        """Return the probability that the next window holds speech."""
        self.probability = self._loaded().probability(window)
        return self.probability

    def _loaded(self) -> WindowModel:
        if self._model is None:
            model = SileroModel(self._model_path)
            model.probability(np.zeros(FRAME_SAMPLES, dtype=np.float32))  # the first run allocates
            model.reset()
            self._model = model
        return self._model
