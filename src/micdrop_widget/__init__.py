"""A voice call with an AI assistant in a notebook cell: the Micdrop client for Jupyter and Python.

Importing the package is cheap: what is heavy loads where it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from micdrop_widget.agents import MicdropServer
    from micdrop_widget.analysis import SpeechReport, detect_speech, sweep
    from micdrop_widget.call.client import MicdropClient
    from micdrop_widget.errors import MicdropError, MicdropErrorCode
    from micdrop_widget.history.recording import Recording
    from micdrop_widget.history.turns import Turn
    from micdrop_widget.jupyter.widget import MicdropWidget
    from micdrop_widget.reconnect import Reconnect
    from micdrop_widget.state import MicdropState
    from micdrop_widget.turn import SmartTurn, TurnDetector
    from micdrop_widget.vad import VAD, SileroVAD, VolumeVAD

__all__ = [
    "VAD",
    "MicdropClient",
    "MicdropError",
    "MicdropErrorCode",
    "MicdropServer",
    "MicdropState",
    "MicdropWidget",
    "Reconnect",
    "Recording",
    "SileroVAD",
    "SmartTurn",
    "SpeechReport",
    "Turn",
    "TurnDetector",
    "VolumeVAD",
    "detect_speech",
    "sweep",
]

__version__ = "0.1.0.dev0"

_HOMES = {
    "MicdropClient": "call.client",
    "MicdropError": "errors",
    "MicdropErrorCode": "errors",
    "MicdropServer": "agents",
    "MicdropState": "state",
    "MicdropWidget": "jupyter.widget",
    "Reconnect": "reconnect",
    "Recording": "history.recording",
    "SileroVAD": "vad",
    "SmartTurn": "turn",
    "SpeechReport": "analysis",
    "Turn": "history.turns",
    "TurnDetector": "turn",
    "VAD": "vad",
    "VolumeVAD": "vad",
    "detect_speech": "analysis",
    "sweep": "analysis",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
