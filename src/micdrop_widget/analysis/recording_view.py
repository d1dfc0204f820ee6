"""Where each part of the picture of a recording is: lanes from top to bottom, and what is shown of the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from micdrop_widget.analysis.palette import Palette
from micdrop_widget.analysis.picture import Margins
from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turn

__all__ = ["MARGINS", "WIDTH_IN", "Lane", "View"]

WIDTH_IN = 8.0
MARGINS = Margins()


@dataclass(frozen=True, slots=True)
class Lane:
    """A strip of the picture; lengths are inches from its top."""

    name: str
    top: float
    height: float

    @property
    def middle(self) -> float:
        """Half way down."""
        return self.top + self.height / 2

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.top + self.height


@dataclass(frozen=True, slots=True)
class View:
    """The axes, and the stretch of a recording that is drawn in them; every drawing function is given it."""

    ax: Axes
    palette: Palette
    recording: Recording
    begin: int
    end: int

    @property
    def begin_s(self) -> float:
        """Where the picture begins, in seconds since the start of the call."""
        return self.begin / SAMPLE_RATE

    @property
    def end_s(self) -> float:
        """Where it ends."""
        return self.end / SAMPLE_RATE

    def turns(self) -> list[Turn]:
        """Return the turns whose latency is at least partly within what is shown."""
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
