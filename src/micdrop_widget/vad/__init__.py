"""Voice activity detection: detectors (`volume`, `silero`, or one's own), their combination, and the segmenter."""

from micdrop_widget.vad.base import VAD, Status
from micdrop_widget.vad.combine import CombinedVAD, VadName, VadOption, build_vad
from micdrop_widget.vad.segmenter import Segmenter
from micdrop_widget.vad.silero import SileroVAD
from micdrop_widget.vad.volume import VolumeVAD

__all__ = [
    "VAD",
    "CombinedVAD",
    "Segmenter",
    "SileroVAD",
    "Status",
    "VadName",
    "VadOption",
    "VolumeVAD",
    "build_vad",
]
