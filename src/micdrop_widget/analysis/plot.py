"""The picture of a `SpeechReport`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from micdrop_widget.analysis.palette import LIGHT
from micdrop_widget.analysis.picture import FONT_PT, Picture, describe, style
from micdrop_widget.analysis.segment import Segment
from micdrop_widget.analysis.waveform import extremes
from micdrop_widget.audio import FRAME_SAMPLES, FULL_SCALE, SAMPLE_RATE, Pcm
from micdrop_widget.vad import VAD, SileroVAD, VolumeVAD
from micdrop_widget.vad.combine import detectors

__all__ = ["draw"]

_COLUMNS = 2000


def draw(
    pcm: Pcm,
    vad: VAD,
    segments: Sequence[Segment],
    probability: NDArray[np.float32],
    level_db: NDArray[np.float32],
) -> Figure:
    """Return the picture of a `SpeechReport`, whose fields are the parameters: waveform, and the tracks it has."""
    has_probability = bool(np.isfinite(probability).any())
    has_level = bool(np.isfinite(level_db).any())
    rows = 1 + has_probability + has_level
    figure = Picture(figsize=(10, 1.2 + 1.8 * rows), layout="constrained", facecolor=LIGHT.surface)
    axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
    for axis in axes:
        style(axis, LIGHT)
    _draw_waveform(axes[0], pcm)
    ends_s = (np.arange(len(probability)) + 1) * FRAME_SAMPLES / SAMPLE_RATE
    if has_probability:
        axes[1].plot(ends_s, probability, color=LIGHT.user, linewidth=1)
        axes[1].set(ylabel="probability", ylim=(-0.02, 1.02))
    if has_level:
        axes[-1].plot(ends_s, level_db, color=LIGHT.user, linewidth=1)
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
            axis.legend(loc="upper right", fontsize=FONT_PT - 1, labelcolor=LIGHT.secondary, frameon=False)
    axes[-1].set(xlabel="time (s)", xlim=(0, max(len(pcm), FRAME_SAMPLES) / SAMPLE_RATE))
    spoken_s = sum(segment.end_s - segment.start_s for segment in segments)
    text = f"Waveform of {len(pcm) / SAMPLE_RATE:.1f} s, with {len(segments)} utterances that last {spoken_s:.1f} s."
    return describe(axes[0], text)


def _draw_threshold(axis: Axes, value: float, label: str, style: str) -> None:
    axis.axhline(value, color=LIGHT.error, linestyle=style, linewidth=1, label=label)


def _draw_waveform(axis: Axes, pcm: Pcm) -> None:
    lows, highs, step = extremes(lambda begin, end: pcm[begin:end, np.newaxis], 0, len(pcm), _COLUMNS)
    times_s = np.arange(lows.shape[1]) * step / SAMPLE_RATE
    if step == 1:
        axis.plot(times_s, pcm / FULL_SCALE, color=LIGHT.secondary, linewidth=0.6)
    else:
        axis.fill_between(times_s, lows[0] / FULL_SCALE, highs[0] / FULL_SCALE, color=LIGHT.secondary, linewidth=0)
    axis.set(ylabel="waveform", ylim=(-1, 1))


def _draw_segments(axis: Axes, segments: Sequence[Segment], *, named: bool) -> None:
    for number, segment in enumerate(segments):
        first = named and number == 0
        axis.axvspan(
            segment.start_s, segment.end_s, color=LIGHT.assistant, alpha=0.18, label="utterance" if first else None
        )
        axis.axvline(segment.confirmed_s, color=LIGHT.assistant, linewidth=1, label="confirmed" if first else None)
