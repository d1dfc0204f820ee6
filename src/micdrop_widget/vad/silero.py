"""Voice activity by Silero VAD, a small neural network, in onnxruntime."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from os import PathLike
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, samples_to_ms
from micdrop_widget.vad.base import VAD, Status
from micdrop_widget.vad.gate import Gate

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["CONTEXT_SAMPLES", "SileroVAD", "open_session"]

CONTEXT_SAMPLES = 64
"""The model wants the last 64 samples of the previous window in front of each; without them quiet voices vanish."""

_WINDOW_MS = samples_to_ms(FRAME_SAMPLES)


def open_session(path: str | PathLike[str] | None, packaged: str, inputs: set[str]) -> InferenceSession:
    """Open a model on one thread: a window of 0.2 ms is far too short to be shared out.

    Parameters
    ----------
    path
        Of an ONNX file; None for the packaged one of this name.
    packaged
        Name of the file in the package.
    inputs
        What its inputs must be called.

    Raises
    ------
    ValueError
        The inputs are others.
    """
    import onnxruntime  # noqa: PLC0415 - takes as long to import as all the rest together

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with as_file(files("micdrop_widget.vad") / "models" / packaged) as own:
        session: InferenceSession = onnxruntime.InferenceSession(
            str(own if path is None else path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    names = {model_input.name for model_input in session.get_inputs()}
    if names != inputs:
        raise ValueError(
            f"{path} is no Silero VAD model: expected the inputs {', '.join(sorted(inputs))}, got {sorted(names)}"
        )
    return session


class Scores(Protocol):
    """What gives one probability of speech per window, in their order."""

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
        self._session = open_session(path, "silero_vad_16k_op15.onnx", {"input", "state", "sr"})
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
    """Hears speech where Silero's probability of speech is high.

    Every setting but the model is an attribute of the same name, and may be changed while a call runs: the next
    window is judged by it.

    Parameters
    ----------
    threshold
        Probability at and above which a window counts as speech.
    negative_threshold
        Probability under which a window counts as silence, at most `threshold`.
    min_speech_ms
        How much speech confirms it, in whole windows of 32 ms, rounded up.
    min_silence_ms
        How much silence ends it, in whole windows of 32 ms, rounded up.
    pre_roll_ms
        Audio before the onset that travels with the utterance, in whole windows, rounded up.
    model
        Path of another ONNX file of the same interface; the packaged one by default.

    Raises
    ------
    ValueError
        A setting makes no sense; the message says what was expected.
    """

    probability = 0.0

    def __init__(
        self,
        threshold: float = 0.5,
        negative_threshold: float = 0.35,
        *,
        min_speech_ms: float = 128,
        min_silence_ms: float = 640,
        pre_roll_ms: float = 320,
        model: str | PathLike[str] | None = None,
    ) -> None:
        _check_thresholds(threshold, negative_threshold)
        self._gate = Gate(threshold, negative_threshold, 1, 1)
        self.min_speech_ms = min_speech_ms
        self.min_silence_ms = min_silence_ms
        self.pre_roll_ms = pre_roll_ms
        self._model_path = model
        self._model: Scores | None = None

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
        names = ("threshold", "negative_threshold", "min_speech_ms", "min_silence_ms", "pre_roll_ms")
        settings = [f"{name}={getattr(self, name)!r}" for name in names]
        if self._model_path is not None:
            settings.append(f"model={str(self._model_path)!r}")
        return f"SileroVAD({', '.join(settings)})"

    @property
    def threshold(self) -> float:
        """Probability at and above which a window counts as speech."""
        return self._gate.threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        _check_thresholds(threshold, self.negative_threshold)
        self._gate.threshold = threshold

    @property
    def negative_threshold(self) -> float:
        """Probability under which a window counts as silence."""
        return self._gate.negative_threshold

    @negative_threshold.setter
    def negative_threshold(self, negative_threshold: float) -> None:
        _check_thresholds(self.threshold, negative_threshold)
        self._gate.negative_threshold = negative_threshold

    @property
    def min_speech_ms(self) -> float:
        """How much speech confirms it."""
        return self._min_speech_ms

    @min_speech_ms.setter
    def min_speech_ms(self, min_speech_ms: float) -> None:
        self._gate.min_speech_windows = _windows("min_speech_ms", min_speech_ms)
        self._min_speech_ms = min_speech_ms

    @property
    def min_silence_ms(self) -> float:
        """How much silence ends it."""
        return self._min_silence_ms

    @min_silence_ms.setter
    def min_silence_ms(self, min_silence_ms: float) -> None:
        self._gate.min_silence_windows = _windows("min_silence_ms", min_silence_ms)
        self._min_silence_ms = min_silence_ms

    @property
    def pre_roll_ms(self) -> float:
        """Audio before the onset that travels with the utterance."""
        return self._pre_roll_ms

    @pre_roll_ms.setter
    def pre_roll_ms(self, pre_roll_ms: float) -> None:
        if not 0 <= pre_roll_ms < math.inf:
            raise ValueError(f"SileroVAD: expected pre_roll_ms of 0 or more, got {pre_roll_ms!r}")
        self._pre_roll_ms = pre_roll_ms

    @property
    def uses_packaged_model(self) -> bool:
        """Whether the model is the packaged one."""
        return self._model_path is None

    def load(self) -> None:
        """Load onnxruntime and the model: some 100 ms the first time, nothing afterwards."""
        if self._model is None:
            model = SileroModel(self._model_path)
            model.probability(np.zeros(FRAME_SAMPLES, dtype=np.float32))  # the first run allocates
            model.reset()
            self._model = model

    @contextmanager
    def replaying(self, probabilities: NDArray[np.float32]) -> Iterator[None]:
        """Take probabilities that are known already, one a window since each reset, instead of the network's."""
        model, self._model = self._model, _Replay(probabilities)
        try:
            yield
        finally:
            self._model = model
            self.reset()

    def reset(self) -> None:
        """Forget what was heard; the model stays loaded."""
        self.probability = 0.0
        self._gate.reset()
        if self._model is not None:
            self._model.reset()

    def update(self, window: NDArray[np.float32]) -> Status:
        """Take the next window: its probability goes through the two thresholds and counts."""
        if self._model is None:
            self.load()
        assert self._model is not None
        self.probability = self._model.probability(window)
        return self._gate.update(self.probability)


def _check_thresholds(threshold: float, negative_threshold: float) -> None:
    if not 0 < negative_threshold <= threshold <= 1:
        raise ValueError(
            f"SileroVAD: expected 0 < negative_threshold <= threshold <= 1, "
            f"got threshold={threshold!r}, negative_threshold={negative_threshold!r}"
        )


def _windows(name: str, duration_ms: float) -> int:
    if not 0 < duration_ms < math.inf:
        raise ValueError(f"SileroVAD: expected a positive {name}, got {duration_ms!r}")
    return math.ceil(duration_ms / _WINDOW_MS)
