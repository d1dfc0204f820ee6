"""The workbench: what the voice activity detection of a call makes of a recording, to look at and to tune."""

from micdrop_widget.workbench.detect import SpeechReport, detect_speech
from micdrop_widget.workbench.segment import Segment
from micdrop_widget.workbench.tuning import sweep

__all__ = ["Segment", "SpeechReport", "detect_speech", "sweep"]
