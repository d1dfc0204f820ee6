"""The picture of a `SpeechReport`. The only module that knows matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from micdrop_widget.analysis.segment import Segment
from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm, pcm_to_float
from micdrop_widget.vad import VAD, SileroVAD, VolumeVAD
from micdrop_widget.vad.combine import detectors

__all__ = ["draw"]

_POINTS = 4000
"""More than a screen has; a longer waveform is drawn by its extremes."""


class _ShownFigure(Figure):
    """A figure that a notebook shows also when pyplot was never imported there."""

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        self.savefig(png, format="png")
        return png.getvalue()


def draw(
    pcm: Pcm,
    vad: VAD,
    segments: Sequence[Segment],
    probability: NDArray[np.float32],
    level_db: NDArray[np.float32],
) -> Figure:
    """Return the picture of a `SpeechReport`, whose fields the parameters are: waveform, and the tracks there are."""
    has_probability = bool(np.isfinite(probability).any())
    has_level = bool(np.isfinite(level_db).any())
    rows = 1 + has_probability + has_level
    figure = _ShownFigure(figsize=(10, 1.2 + 1.8 * rows), layout="constrained")
    axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
    _draw_waveform(axes[0], pcm)
    ends_s = (np.arange(len(probability)) + 1) * FRAME_SAMPLES / SAMPLE_RATE
    if has_probability:
        axes[1].plot(ends_s, probability, color="C0", linewidth=1)
        axes[1].set(ylabel="probability", ylim=(-0.02, 1.02))
    if has_level:
        axes[-1].plot(ends_s, level_db, color="C0", linewidth=1)
        axes[-1].set(ylabel="level (dB)")
    for detector in detectors(vad):
        if isinstance(detector, SileroVAD) and has_probability:
            _draw_threshold(axes[1], detector.threshold, "threshold", "--")
            _draw_threshold(axes[1], detector.negative_threshold, "negative threshold", ":")
        elif isinstance(detector, VolumeVAD) and has_level:
            _draw_threshold(axes[-1], detector.threshold, "threshold", "--")
    for axis in axes:
        _draw_segments(axis, segments, named=axis is axes[0])
        if axis.get_legend_handles_labels()[1]:
            axis.legend(loc="upper right", fontsize="small")
    axes[-1].set(xlabel="time (s)", xlim=(0, max(len(pcm), FRAME_SAMPLES) / SAMPLE_RATE))
    return figure


def _draw_threshold(axis: Axes, value: float, label: str, style: str) -> None:
    axis.axhline(value, color="C3", linestyle=style, linewidth=1, label=label)


def _draw_waveform(axis: Axes, pcm: Pcm) -> None:
    samples = pcm_to_float(pcm)
    step = max(1, -(-len(samples) // _POINTS))
    parts = samples[: len(samples) // step * step].reshape(-1, step)
    times_s = np.arange(len(parts)) * step / SAMPLE_RATE
    if step == 1:
        axis.plot(times_s, samples, color="C7", linewidth=0.6)
    else:
        axis.fill_between(times_s, parts.min(axis=1), parts.max(axis=1), color="C7", linewidth=0)
    axis.set(ylabel="waveform", ylim=(-1, 1))


def _draw_segments(axis: Axes, segments: Sequence[Segment], *, named: bool) -> None:
    for number, segment in enumerate(segments):
        first = named and number == 0
        axis.axvspan(segment.start_s, segment.end_s, color="C2", alpha=0.18, label="utterance" if first else None)
        axis.axvline(segment.confirmed_s, color="C2", linewidth=1, label="confirmed" if first else None)
