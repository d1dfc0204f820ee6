"""Turn detection by Smart Turn, a small neural network that hears intonation and words, in onnxruntime."""

from __future__ import annotations

from importlib.resources import as_file, files
from os import PathLike

import numpy as np
from numpy.typing import NDArray

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

__all__ = ["SmartTurn"]

_HELD_SAMPLES = INPUT_SAMPLES + 5 * SAMPLE_RATE
"""The 8 s that the model sees, and a pause of 5 s at their end, of which most is trimmed."""


class SmartTurnModel:
    """The network alone: features to the probability that the turn is complete.

    Source: Smart Turn v3.2, int8, from the package pipecat-ai 1.14.0 (BSD-2-Clause): input `input_features`
    [1, 80, 800]; one thread, so that a prediction leaves the other cores to the call.
    """

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        import onnxruntime  # noqa: PLC0415 - takes as long to import as all the rest together

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # On processors with AVX2 but without VNNI, sums of int8 products overflow and the answers are others, unless:
        options.add_session_config_entry("session.x64quantprecision", "1")
        with as_file(files("micdrop_widget.turn") / "models" / "smart_turn_v3.2_cpu.onnx") as packaged:
            self._session = onnxruntime.InferenceSession(
                str(packaged if path is None else path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        names = [model_input.name for model_input in self._session.get_inputs()]
        if names != ["input_features"]:
            raise ValueError(f"{path} is no Smart Turn model: expected the input input_features, got {names}")

    def probability(self, features: NDArray[np.float32]) -> float:
        """Return the probability that a turn with these features, shape (80, 800), is complete."""
        (output,) = self._session.run(None, {"input_features": features[np.newaxis]})
        return float(np.reshape(output, -1)[0])


class SmartTurn(TurnDetector):
    """Tells a finished turn from a pause by Smart Turn v3.2, which hears the turn's last 8 s.

    Parameters
    ----------
    threshold
        Probability above which a turn is complete.
    model
        Path of another ONNX file of the same interface; the packaged one by default.
    """

    def __init__(self, threshold: float = 0.5, *, model: str | PathLike[str] | None = None) -> None:
        if not 0 <= threshold < 1:
            raise ValueError(f"SmartTurn(threshold={threshold!r}): expected a probability, 0 <= threshold < 1")
        self.threshold = threshold
        self.probability: float | None = None
        """The latest prediction; None before the first of a turn."""
        self._model_path = model
        self._model: SmartTurnModel | None = None
        self._ring = np.zeros(_HELD_SAMPLES, dtype=np.int16)
        self._heard_samples = 0

    def load(self) -> None:
        """Load onnxruntime and the model: some 100 ms the first time, nothing afterwards."""
        if self._model is None:
            model = SmartTurnModel(self._model_path)
            model.probability(np.zeros((N_MELS, N_FRAMES), dtype=np.float32))  # the first run allocates
            smart_turn_features(np.zeros(0, dtype=np.int16))  # fills the caches
            self._model = model

    def reset(self) -> None:
        """Forget what was heard; the model stays loaded."""
        self.probability = None
        self._heard_samples = 0

    def push(self, pcm: Pcm) -> None:
        """Take the next samples; the last 13 s are held."""
        latest = pcm[-_HELD_SAMPLES:]
        start = (self._heard_samples + len(pcm) - len(latest)) % _HELD_SAMPLES
        first = min(len(latest), _HELD_SAMPLES - start)
        self._ring[start : start + first] = latest[:first]
        self._ring[: len(latest) - first] = latest[first:]
        self._heard_samples += len(pcm)

    def predict(self) -> float:
        """Return the probability that the turn is complete: the silence at its end trimmed, its last 8 s heard."""
        if self._model is None:
            self.load()
        assert self._model is not None
        self.probability = self._model.probability(smart_turn_features(trim_silence(self._held())))
        return self.probability

    def _held(self) -> Pcm:
        if self._heard_samples < _HELD_SAMPLES:
            return self._ring[: self._heard_samples]
        held: Pcm = np.roll(self._ring, -(self._heard_samples % _HELD_SAMPLES))
        # From a whole frame of the turn on, so that the silence is cut at the same sample however long the turn is.
        return held[-self._heard_samples % LEVEL_FRAME_SAMPLES :]
