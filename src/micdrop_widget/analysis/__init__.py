"""To look at and to tune: what the voice activity detection of a call makes of a recording."""

from micdrop_widget.analysis.detect import SpeechReport, detect_speech
from micdrop_widget.analysis.segment import Segment
from micdrop_widget.analysis.tuning import sweep

__all__ = ["Segment", "SpeechReport", "detect_speech", "sweep"]
