"""Silero over a whole recording at once: the same probabilities as window by window, in a third of the time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from micdrop_widget._onnx import open_session
from micdrop_widget.audio import FRAME_SAMPLES, Pcm, pcm_to_float
from micdrop_widget.vad.silero import CONTEXT_SAMPLES

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["silero_probabilities"]

_RUN_WINDOWS = 512
"""Windows in one run (16 s): longer ones are no faster, and take memory."""


def silero_probabilities(pcm: Pcm) -> NDArray[np.float32]:
    """Return Silero's probability of speech of every window of a recording.

    Source: silero-vad 6.2, `silero_vad_16k_sequence.onnx`: input [windows, 576], h and c [1, 1, 128]; the weights
    are those of the model that goes window by window.

    Parameters
    ----------
    pcm
        Shape (n,), int16 at 16 kHz.

    Returns
    -------
    NDArray[np.float32]
        Shape (ceil(n / 512),); silence fills up the last window.
    """
    count = -(-len(pcm) // FRAME_SAMPLES)
    samples = np.zeros(CONTEXT_SAMPLES + _RUN_WINDOWS * FRAME_SAMPLES, dtype=np.float32)
    probabilities = np.empty(count, dtype=np.float32)
    hidden = np.zeros((1, 1, 128), dtype=np.float32)
    cell = np.zeros_like(hidden)
    for begin in range(0, count, _RUN_WINDOWS):
        end = min(begin + _RUN_WINDOWS, count)
        part = pcm[begin * FRAME_SAMPLES : end * FRAME_SAMPLES]
        samples[:CONTEXT_SAMPLES] = samples[-CONTEXT_SAMPLES:]
        samples[CONTEXT_SAMPLES : CONTEXT_SAMPLES + len(part)] = pcm_to_float(part)
        samples[CONTEXT_SAMPLES + len(part) :] = 0
        used = samples[: CONTEXT_SAMPLES + (end - begin) * FRAME_SAMPLES]
        windows = np.lib.stride_tricks.sliding_window_view(used, CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
        feeds = {"input": np.ascontiguousarray(windows), "h": hidden, "c": cell}
        probabilities[begin:end], hidden, cell = _session().run(None, feeds)
    return probabilities


@cache
def _session() -> InferenceSession:
    name = "silero_vad_16k_sequence.onnx"
    return open_session("micdrop_widget.vad", name, {"input", "h", "c"}, user="SileroVAD")
