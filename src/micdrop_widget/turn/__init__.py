"""Turn detection: distinguishes the end of a turn from a pause in it."""

from micdrop_widget.turn.base import TurnDetector
from micdrop_widget.turn.features import smart_turn_features, trim_silence
from micdrop_widget.turn.smart_turn import SmartTurn, TurnVerdict

__all__ = ["SmartTurn", "TurnDetector", "TurnVerdict", "smart_turn_features", "trim_silence"]
