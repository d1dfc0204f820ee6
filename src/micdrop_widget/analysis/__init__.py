"""To look at and to tune: pictures of calls, and what the voice activity detection makes of a recording."""

from micdrop_widget.analysis.detect import SpeechReport, detect_speech
from micdrop_widget.analysis.latencies import plot_latencies
from micdrop_widget.analysis.segment import Segment
from micdrop_widget.analysis.tuning import sweep

__all__ = ["Segment", "SpeechReport", "detect_speech", "plot_latencies", "sweep"]
