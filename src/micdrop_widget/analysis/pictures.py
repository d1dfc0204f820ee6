"""The plug-in by which recordings and turns draw themselves: what `history.pictures.Pictures` lists."""

from micdrop_widget.analysis.latency_plot import draw_turns
from micdrop_widget.analysis.recording_plot import draw_recording

__all__ = ["draw_recording", "draw_turns"]
