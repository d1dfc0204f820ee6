"""The picture of a recording: both sides, the latencies between them, and what the call was doing meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from micdrop_widget.analysis.palette import Palette, mix, palette_of
from micdrop_widget.analysis.picture import FONT_PT, Margins, axes_for, clock, describe, time_axis
from micdrop_widget.analysis.waveform import extremes, means
from micdrop_widget.audio import FRAME_SAMPLES, FULL_SCALE, SAMPLE_RATE
from micdrop_widget.history.pictures import Theme
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turn

__all__ = ["draw_recording"]

_WIDTH_IN = 8.0
_MARGINS = Margins()
_COLUMNS = 1500
"""A little more than the pixels that the tracks are wide."""

_QUIETEST_PEAK = 0.02
"""A side whose loudest sample is softer than this fills its lane less: noise is not blown up."""

_LETTER_IN = 0.08
"""So wide is a letter of the label of a latency."""

_BRACKET_IN = 0.3
"""So much of the width a bracket needs to be told from the next."""

_LABELLED_DOTS = 5

_LONG_S = 300
"""A line around what is longer would cover all within."""

_STATES = {
    "user speaks": "isUserSpeaking",
    "assistant speaks": "isAssistantSpeaking",
    "processing": "isProcessing",
    "muted": "isMuted",
    "paused": "isPaused",
}


@dataclass(frozen=True, slots=True)
class _Lane:
    """A strip of the picture; lengths are inches from its top."""

    name: str
    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass(frozen=True, slots=True)
class _View:
    """What is drawn where, for all that draw a part of it."""

    ax: Axes
    palette: Palette
    recording: Recording
    begin: int
    end: int

    @property
    def begin_s(self) -> float:
        return self.begin / SAMPLE_RATE

    @property
    def end_s(self) -> float:
        return self.end / SAMPLE_RATE

    def turns(self) -> list[Turn]:
        """Return the turns with a latency, as far as it is within what is shown."""
        return [
            turn
            for turn in self.recording.turns
            if turn.speech_end_ms is not None
            and turn.voiced_ms is not None
            and max(turn.speech_end_ms, turn.voiced_ms) > self.begin_s * 1000
            and min(turn.speech_end_ms, turn.voiced_ms) < self.end_s * 1000
        ]

    def clipped(self, spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return spans of milliseconds as seconds, as far as they are within what is shown."""
        inside = ((max(first / 1000, self.begin_s), min(last / 1000, self.end_s)) for first, last in spans)
        return [(first, last) for first, last in inside if first < last]


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
    axes = axes_for(ax, _WIDTH_IN, height + 0.75, _MARGINS, palette)
    view = _View(axes, palette, recording, *span)
    _draw_waveforms(view, lanes)
    _draw_latencies(view, lanes["latency"])
    if "speech" in lanes:
        _draw_probability(view, lanes["speech"], probability)
    for name in _STATES.keys() & lanes.keys():
        _draw_state(view, lanes[name])
    if "connection" in lanes:
        _draw_connection(view, lanes["connection"])
    _name_lanes(axes, palette, lanes, height)
    time_axis(axes, view.begin_s, view.end_s)
    return describe(axes, _words(view))


def _lanes(*, has_speech: bool, has_states: bool) -> dict[str, _Lane]:
    """Return the lanes from top to bottom, with the gaps between them."""
    heights = [("user", 0.95, 0.0), ("latency", 0.42, 0.0), ("assistant", 0.95, 0.0)]
    if has_speech:
        heights.append(("speech", 0.42, 0.14))
    if has_states:
        first, *others = (*_STATES, "connection")
        heights += [(first, 0.15, 0.18), *((name, 0.15, 0.07) for name in others)]
    bottoms = list(accumulate(height + gap for _, height, gap in heights))
    return {
        name: _Lane(name, bottom - height, height) for (name, height, _), bottom in zip(heights, bottoms, strict=True)
    }


def _draw_waveforms(view: _View, lanes: dict[str, _Lane]) -> None:
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


def _draw_latencies(view: _View, lane: _Lane) -> None:
    """Draw the reply latencies: as brackets while there is room for them, otherwise as dots, the higher the longer."""
    turns = sorted(view.turns(), key=lambda turn: -abs(turn.reply_latency_ms or 0))
    if len(turns) * _BRACKET_IN > _WIDTH_IN - _MARGINS.left - _MARGINS.right:
        _draw_dots(view, lane, turns)
    else:
        _draw_brackets(view, lane, turns)


def _draw_brackets(view: _View, lane: _Lane, turns: Sequence[Turn]) -> None:
    """Draw a bracket from the end of each turn to the first sound of its answer; the longest get their label first."""
    labels = _Labels(view.begin_s, view.end_s)
    middle = lane.top + lane.height * 0.72
    for turn in turns:
        first_s, last_s = _ends_s(turn)
        colour = _colour(turn, view.palette)
        view.ax.plot(
            [first_s, first_s, last_s, last_s],
            [lane.top, middle, middle, lane.bottom],
            color=colour,
            linewidth=1.1,
            solid_joinstyle="miter",
            zorder=4,
        )
        label = _label(turn)
        left_s = labels.place(label, *sorted((first_s, last_s)))
        if left_s is not None:
            view.ax.text(left_s, middle - 0.03, label, va="bottom", color=colour, fontsize=FONT_PT - 1, zorder=5)


def _draw_dots(view: _View, lane: _Lane, turns: Sequence[Turn]) -> None:
    """Draw a dot for each latency between 0 and the longest one, which gets a label, as do the longest far from it."""
    longest_ms = max(abs(turn.reply_latency_ms or 0) for turn in turns)
    labels = _Labels(view.begin_s, view.end_s)
    scale = lane.height * 0.55 / max(longest_ms, 1.0)
    view.ax.axhline(lane.bottom - 0.03, color=view.palette.border, linewidth=0.8, zorder=1)
    times_s = [_ends_s(turn)[0] for turn in turns]
    tops = [lane.bottom - 0.03 - max(0.0, turn.reply_latency_ms or 0) * scale for turn in turns]
    colours = [_colour(turn, view.palette) for turn in turns]
    view.ax.scatter(times_s, tops, s=5, c=colours, linewidths=0, zorder=4)
    for turn, at_s, top, colour in islice(zip(turns, times_s, tops, colours, strict=True), _LABELLED_DOTS):
        left_s = labels.place(_label(turn), at_s, at_s)
        if left_s is not None:
            view.ax.text(left_s, top - 0.03, _label(turn), va="bottom", color=colour, fontsize=FONT_PT - 1, zorder=5)


def _ends_s(turn: Turn) -> tuple[float, float]:
    assert turn.speech_end_ms is not None
    assert turn.voiced_ms is not None
    return turn.speech_end_ms / 1000, turn.voiced_ms / 1000


def _colour(turn: Turn, palette: Palette) -> str:
    """Return the colour of a latency: an answer that began too early is marked."""
    return palette.error if (turn.reply_latency_ms or 0) < 0 else palette.text


def _label(turn: Turn) -> str:
    return f"{turn.reply_latency_ms:.0f} ms".replace("-", "−")


class _Labels:
    """Finds room for the labels of brackets: over the line where it is long, right or left of its start otherwise."""

    def __init__(self, begin_s: float, end_s: float) -> None:
        self._s_per_in = (end_s - begin_s) / (_WIDTH_IN - _MARGINS.left - _MARGINS.right)
        self._begin_s = begin_s
        self._end_s = end_s + _MARGINS.right * self._s_per_in
        self._gap_s = 0.05 * self._s_per_in
        self._spans_s: list[tuple[float, float]] = []

    def place(self, label: str, first_s: float, last_s: float) -> float | None:
        """Return where the label of a bracket begins, and keep its place; None where others are."""
        width_s = _LETTER_IN * len(label) * self._s_per_in
        left_s = first_s + self._gap_s
        if last_s - first_s > width_s:
            left_s = (first_s + last_s - width_s) / 2
        elif left_s + width_s > self._end_s:
            left_s = first_s - self._gap_s - width_s
        right_s = left_s + width_s + self._gap_s
        if left_s < self._begin_s or any(left_s < end and begin < right_s for begin, end in self._spans_s):
            return None
        self._spans_s.append((left_s, right_s))
        return left_s


def _draw_probability(view: _View, lane: _Lane, probability: NDArray[np.float32]) -> None:
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


def _draw_state(view: _View, lane: _Lane) -> None:
    colours = {
        "user speaks": view.palette.user,
        "assistant speaks": view.palette.assistant,
        "processing": view.palette.wait,
    }
    spans = view.recording.events.spans(_STATES[lane.name], view.end_s * 1000)
    _draw_spans(view, lane, spans, colours.get(lane.name, view.palette.secondary))


def _draw_connection(view: _View, lane: _Lane) -> None:
    events, end_ms = view.recording.events, view.end_s * 1000
    pale = mix(view.palette.secondary, view.palette.surface, 0.45)
    _draw_spans(view, lane, events.spans("isStarted", end_ms), pale)
    _draw_spans(view, lane, events.spans("isStarting", end_ms), view.palette.wait, "////")
    _draw_spans(view, lane, events.spans("isReconnecting", end_ms), view.palette.error, "xxxx")


def _draw_spans(
    view: _View, lane: _Lane, spans: Sequence[tuple[float, float]], colour: str, hatch: str | None = None
) -> None:
    bars = [(first, last - first) for first, last in view.clipped(spans)]
    view.ax.axhline(lane.middle, color=view.palette.border, linewidth=0.8, zorder=1)
    view.ax.broken_barh(
        bars,
        (lane.top, lane.height),
        facecolor=colour,
        edgecolor=view.palette.surface if hatch and view.palette.hatched else colour,
        hatch=hatch if view.palette.hatched else None,
        linewidth=0.5,  # what is shorter than a pixel is seen
        zorder=2,
    )


def _name_lanes(ax: Axes, palette: Palette, lanes: dict[str, _Lane], height: float) -> None:
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


def _words(view: _View) -> str:
    """Return the alt text."""
    return " ".join(_sentences(view))


def _sentences(view: _View) -> Iterator[str]:
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
