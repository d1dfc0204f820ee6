"""The picture of a recording: both sides, the latencies between them, and what the call was doing meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from micdrop_widget.analysis.latency_marks import draw_latencies
from micdrop_widget.analysis.palette import Palette, mix, palette_of
from micdrop_widget.analysis.picture import FONT_PT, axes_for, clock, describe, time_axis
from micdrop_widget.analysis.recording_view import MARGINS, WIDTH_IN, Lane, View
from micdrop_widget.analysis.waveform import extremes, means
from micdrop_widget.audio import FRAME_SAMPLES, FULL_SCALE, SAMPLE_RATE
from micdrop_widget.history.pictures import Theme
from micdrop_widget.history.recording import Recording

__all__ = ["draw_recording"]

_COLUMNS = 1500
"""A little more than the pixels that the tracks are wide."""

_QUIETEST_PEAK = 0.02
"""The peak (1 is full scale) up to which a side is scaled to fill its lane: softer noise is not amplified more."""

_LONG_S = 300
"""From this length on, the speech probability has no outline, which would cover the area."""

_STATES = {
    "user speaks": "isUserSpeaking",
    "assistant speaks": "isAssistantSpeaking",
    "processing": "isProcessing",
    "muted": "isMuted",
    "paused": "isPaused",
}


def draw_recording(recording: Recording, span: tuple[int, int], ax: Axes | None, theme: Theme) -> Figure:
    """Return the picture of a stretch of a recording, from one sample of its time line to another.

    Parameters
    ----------
    recording, span
        What is drawn.
    ax
        Where; None makes a figure.
    theme
        In which colours.
    """
    palette = palette_of(theme)
    probability = recording.probability_between(*span)
    lanes = _lanes(has_speech=bool(np.isfinite(probability).any()), has_states=len(recording.events) > 0)
    height = max(lane.bottom for lane in lanes.values())
    axes = axes_for(ax, WIDTH_IN, height + 0.75, MARGINS, palette)
    view = View(axes, palette, recording, *span)
    _draw_waveforms(view, lanes)
    draw_latencies(view, lanes["latency"])
    if "speech" in lanes:
        _draw_probability(view, lanes["speech"], probability)
    for name in _STATES.keys() & lanes.keys():
        _draw_state(view, lanes[name])
    if "connection" in lanes:
        _draw_connection(view, lanes["connection"])
    _name_lanes(axes, palette, lanes, height)
    time_axis(axes, view.begin_s, view.end_s)
    return describe(axes, _words(view))


def _lanes(*, has_speech: bool, has_states: bool) -> dict[str, Lane]:
    """Return the lanes from top to bottom, with the gaps between them."""
    heights = [("user", 0.95, 0.0), ("latency", 0.42, 0.0), ("assistant", 0.95, 0.0)]
    if has_speech:
        heights.append(("speech", 0.42, 0.14))
    if has_states:
        first, *others = (*_STATES, "connection")
        heights += [(first, 0.15, 0.18), *((name, 0.15, 0.07) for name in others)]
    bottoms = list(accumulate(height + gap for _, height, gap in heights))
    return {
        name: Lane(name, bottom - height, height) for (name, height, _), bottom in zip(heights, bottoms, strict=True)
    }


def _draw_waveforms(view: View, lanes: dict[str, Lane]) -> None:
    lows, highs, step = extremes(view.recording.stereo, view.begin, view.end, _COLUMNS)
    times_s = (view.begin + np.arange(lows.shape[1]) * step) / SAMPLE_RATE
    for track, (name, colour) in enumerate((("user", view.palette.user), ("assistant", view.palette.assistant))):
        lane = lanes[name]
        low, high = (samples[track].astype(np.float32) / FULL_SCALE for samples in (lows, highs))
        scale = 0.47 * lane.height / max(_QUIETEST_PEAK, float(high.max()), -float(low.min()))
        view.ax.axhspan(lane.top, lane.bottom, color=mix(colour, view.palette.surface, 0.07), linewidth=0, zorder=0)
        # a click is one column wide, perhaps less than a pixel: the line around the area keeps it visible
        top, bottom = lane.middle - high * scale, lane.middle - low * scale
        view.ax.fill_between(times_s, top, bottom, color=colour, linewidth=0.6, joinstyle="bevel", zorder=2)


def _draw_probability(view: View, lane: Lane, probability: NDArray[np.float32]) -> None:
    values = means(probability, _COLUMNS // 2)
    ends_s = np.linspace(view.begin_s, view.begin_s + len(probability) * FRAME_SAMPLES / SAMPLE_RATE, len(values) + 1)
    steps = np.append(values, values[-1])
    heights = lane.bottom - steps * lane.height
    colour = view.palette.user
    view.ax.axhline(lane.bottom, color=view.palette.border, linewidth=0.8, zorder=1)
    is_long = view.end_s - view.begin_s > _LONG_S
    pale = mix(colour, view.palette.surface, 0.75 if is_long else 0.35)
    view.ax.fill_between(ends_s, heights, lane.bottom, step="post", color=pale, linewidth=0, zorder=2)
    if not is_long:
        view.ax.step(ends_s, heights, where="post", color=colour, linewidth=0.7, zorder=3)


def _draw_state(view: View, lane: Lane) -> None:
    colours = {
        "user speaks": view.palette.user,
        "assistant speaks": view.palette.assistant,
        "processing": view.palette.wait,
    }
    spans = view.recording.events.spans(_STATES[lane.name], view.end_s * 1000)
    _draw_spans(view, lane, spans, colours.get(lane.name, view.palette.secondary))


def _draw_connection(view: View, lane: Lane) -> None:
    events, end_ms = view.recording.events, view.end_s * 1000
    pale = mix(view.palette.secondary, view.palette.surface, 0.45)
    _draw_spans(view, lane, events.spans("isStarted", end_ms), pale)
    _draw_spans(view, lane, events.spans("isStarting", end_ms), view.palette.wait, "////")
    _draw_spans(view, lane, events.spans("isReconnecting", end_ms), view.palette.error, "xxxx")


def _draw_spans(
    view: View, lane: Lane, spans: Sequence[tuple[float, float]], colour: str, hatch: str | None = None
) -> None:
    bars = [(first, last - first) for first, last in view.clipped(spans)]
    view.ax.axhline(lane.middle, color=view.palette.border, linewidth=0.8, zorder=1)
    view.ax.broken_barh(
        bars,
        (lane.top, lane.height),
        facecolor=colour,
        edgecolor=view.palette.surface if hatch and view.palette.hatched else colour,
        hatch=hatch if view.palette.hatched else None,
        linewidth=0.5,  # keeps bars visible that are narrower than a pixel
        zorder=2,
    )


def _name_lanes(ax: Axes, palette: Palette, lanes: dict[str, Lane], height: float) -> None:
    named = list(lanes.values())
    names = {"speech": "speech\nprobability", "latency": "reply latency"}
    ax.set_yticks([lane.middle for lane in named], [names.get(lane.name, lane.name) for lane in named])
    ax.tick_params(axis="y", length=0, labelsize=FONT_PT - 1, pad=6)
    for label in ax.get_yticklabels():
        if label.get_text() in ("user", "assistant"):
            label.set_color(palette.user if label.get_text() == "user" else palette.assistant)
            label.set_fontsize(FONT_PT)
            label.set_fontweight("bold")
    ax.set_ylim(height + 0.06, -0.04)


def _words(view: View) -> str:
    """Return the alt text."""
    return " ".join(_sentences(view))


def _sentences(view: View) -> Iterator[str]:
    begin, end = clock(view.begin_s, 1), clock(view.end_s, 1)
    yield (
        f"Recording of a call from {begin} to {end} (minutes and seconds since its start): waveforms of the user above "
        "and of the assistant below."
    )
    latencies = [turn.reply_latency_ms for turn in view.turns() if turn.reply_latency_ms is not None]
    if len(latencies) == 1:
        yield f"Between them stands a reply latency of {latencies[0]:.0f} ms."
    elif latencies:
        yield (
            f"Between them stand {len(latencies)} reply latencies, {median(latencies):.0f} ms in the median, "
            f"{max(latencies):.0f} ms at most."
        )
    for name, field in (*_STATES.items(), ("reconnecting", "isReconnecting")):
        spans = view.clipped(view.recording.events.spans(field, view.end_s * 1000))
        if spans:
            total_s = sum(last - first for first, last in spans)
            yield f"{name.capitalize()}: {total_s:.1f} s in all."
