"""Pictures of calls, and what voice activity detection finds in a recording, to tune it."""

from micdrop_widget.analysis.detect import SpeechReport, detect_speech
from micdrop_widget.analysis.latencies import plot_latencies
from micdrop_widget.analysis.segment import Segment
from micdrop_widget.analysis.tuning import sweep

__all__ = ["Segment", "SpeechReport", "detect_speech", "plot_latencies", "sweep"]
