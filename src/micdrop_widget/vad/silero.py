"""Voice activity by Silero VAD, a small neural network, in onnxruntime."""

from __future__ import annotations

import math
from importlib.resources import as_file, files
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, samples_to_ms
from micdrop_widget.vad.base import VAD, Status
from micdrop_widget.vad.gate import Gate

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["SileroVAD"]

_CONTEXT_SAMPLES = 64
"""The model wants the last 64 samples of the previous window in front of each; without them quiet voices vanish."""

_WINDOW_MS = samples_to_ms(FRAME_SAMPLES)


class SileroModel:
    """The network alone: one probability of speech per window, with the context and state it carries.

    Source: silero-vad, `silero_vad_16k_op15.onnx`: input [1, 576], state [2, 1, 128], sr; one thread, since a window
    of 0.2 ms is far too short to be shared out.
    """

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        import onnxruntime  # noqa: PLC0415 - takes as long to import as all the rest together

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if path is None:
            with as_file(files("micdrop_widget.vad") / "models" / "silero_vad_16k_op15.onnx") as packaged:
                self._session = self._open(onnxruntime, str(packaged), options)
        else:
            self._session = self._open(onnxruntime, str(path), options)
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)
        self._input = np.zeros((1, _CONTEXT_SAMPLES + FRAME_SAMPLES), dtype=np.float32)
        self.reset()

    @staticmethod
    def _open(onnxruntime: object, path: str, options: object) -> InferenceSession:
        session: InferenceSession = onnxruntime.InferenceSession(  # type: ignore[attr-defined]
            path, sess_options=options, providers=["CPUExecutionProvider"]
        )
        names = {model_input.name for model_input in session.get_inputs()}
        if names != {"input", "state", "sr"}:
            raise ValueError(
                f"{path} is no Silero VAD model: expected the inputs input, state and sr, got {sorted(names)}"
            )
        return session

    def reset(self) -> None:
        """Forget context and state."""
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._input.fill(0)

    def probability(self, window: NDArray[np.float32]) -> float:
        """Return the probability that a window of 512 samples holds speech, and carry context and state on."""
        self._input[0, :_CONTEXT_SAMPLES] = self._input[0, -_CONTEXT_SAMPLES:]
        self._input[0, _CONTEXT_SAMPLES:] = window
        output, self._state = self._session.run(None, {"input": self._input, "state": self._state, "sr": self._rate})
        return float(output[0, 0])


class SileroVAD(VAD):
    """Hears speech where Silero's probability of speech is high.

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
        Audio before the onset that travels with the utterance.
    model
        Path of another ONNX file of the same interface; the packaged one by default.
    """

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
        if not 0 < negative_threshold <= threshold <= 1:
            raise ValueError(
                f"SileroVAD: expected 0 < negative_threshold <= threshold <= 1, "
                f"got threshold={threshold!r}, negative_threshold={negative_threshold!r}"
            )
        if min_speech_ms <= 0 or min_silence_ms <= 0 or pre_roll_ms < 0:
            raise ValueError("SileroVAD: min_speech_ms and min_silence_ms must be positive, pre_roll_ms not negative")
        self.pre_roll_ms = pre_roll_ms
        self.probability = 0.0
        self._gate = Gate(
            threshold,
            negative_threshold,
            math.ceil(min_speech_ms / _WINDOW_MS),
            math.ceil(min_silence_ms / _WINDOW_MS),
        )
        self._model_path = model
        self._model: SileroModel | None = None

    def load(self) -> None:
        """Load onnxruntime and the model: some 100 ms the first time, nothing afterwards."""
        if self._model is None:
            model = SileroModel(self._model_path)
            model.probability(np.zeros(FRAME_SAMPLES, dtype=np.float32))  # the first run allocates
            model.reset()
            self._model = model

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
