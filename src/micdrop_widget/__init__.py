"""A voice call with an AI assistant in a notebook cell: the Micdrop client for Jupyter and Python.

The names in `__all__` are public; every other module path is private and may change without notice. Importing the
package is cheap: heavy dependencies load where they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from micdrop_widget.agents import MicdropServer
    from micdrop_widget.analysis import SpeechReport, detect_speech, sweep
    from micdrop_widget.browser.future import CallFuture
    from micdrop_widget.call.client import MicdropClient
    from micdrop_widget.call.levels import Levels
    from micdrop_widget.call.options import CallOptions
    from micdrop_widget.call.sinks import AudioSink, VirtualSpeaker
    from micdrop_widget.call.sources import ArraySource, AudioSource, Gap, UnpluggedError
    from micdrop_widget.call.subscriptions import EventFuture, EventStream
    from micdrop_widget.devices import Device, Microphone
    from micdrop_widget.errors import CallClosedError, MicdropError, MicdropErrorCode
    from micdrop_widget.history.diagnosis import Diagnosis
    from micdrop_widget.history.recording import Recording
    from micdrop_widget.history.saved_call import SavedCall, load_call, load_calls
    from micdrop_widget.history.turns import Turn
    from micdrop_widget.history.words import wer
    from micdrop_widget.jupyter.widget import MicdropWidget
    from micdrop_widget.page import CallPage, MicdropPage
    from micdrop_widget.protocol import Classification, TextMessage, ToolCall, ToolCallMessage, ToolResultMessage
    from micdrop_widget.reconnect import Reconnect
    from micdrop_widget.server import CallRefused, Limits, ServerCall
    from micdrop_widget.state import MicdropState, Notice, NoticeCode
    from micdrop_widget.turn import SmartTurn, TurnDetector
    from micdrop_widget.vad import VAD, SileroVAD, Status, VolumeVAD

__all__ = [
    "VAD",
    "ArraySource",
    "AudioSink",
    "AudioSource",
    "CallClosedError",
    "CallFuture",
    "CallOptions",
    "CallPage",
    "CallRefused",
    "Classification",
    "Device",
    "Diagnosis",
    "EventFuture",
    "EventStream",
    "Gap",
    "Levels",
    "Limits",
    "MicdropClient",
    "MicdropError",
    "MicdropErrorCode",
    "MicdropPage",
    "MicdropServer",
    "MicdropState",
    "MicdropWidget",
    "Microphone",
    "Notice",
    "NoticeCode",
    "Reconnect",
    "Recording",
    "SavedCall",
    "ServerCall",
    "SileroVAD",
    "SmartTurn",
    "SpeechReport",
    "Status",
    "TextMessage",
    "ToolCall",
    "ToolCallMessage",
    "ToolResultMessage",
    "Turn",
    "TurnDetector",
    "UnpluggedError",
    "VirtualSpeaker",
    "VolumeVAD",
    "detect_speech",
    "load_call",
    "load_calls",
    "sweep",
    "wer",
]

__version__ = "0.1.0.dev0"

_HOMES = {
    "ArraySource": "call.sources",
    "AudioSink": "call.sinks",
    "AudioSource": "call.sources",
    "CallClosedError": "errors",
    "CallFuture": "browser.future",
    "CallOptions": "call.options",
    "CallPage": "page",
    "CallRefused": "server",
    "Classification": "protocol",
    "detect_speech": "analysis",
    "Device": "devices",
    "Diagnosis": "history.diagnosis",
    "EventFuture": "call.subscriptions",
    "EventStream": "call.subscriptions",
    "Gap": "call.sources",
    "Levels": "call.levels",
    "Limits": "server",
    "load_call": "history.saved_call",
    "load_calls": "history.saved_call",
    "MicdropClient": "call.client",
    "MicdropError": "errors",
    "MicdropErrorCode": "errors",
    "MicdropPage": "page",
    "MicdropServer": "agents",
    "MicdropState": "state",
    "MicdropWidget": "jupyter.widget",
    "Microphone": "devices",
    "Notice": "state",
    "NoticeCode": "state",
    "Reconnect": "reconnect",
    "Recording": "history.recording",
    "SavedCall": "history.saved_call",
    "ServerCall": "server",
    "SileroVAD": "vad",
    "SmartTurn": "turn",
    "SpeechReport": "analysis",
    "Status": "vad",
    "sweep": "analysis",
    "TextMessage": "protocol",
    "ToolCall": "protocol",
    "ToolCallMessage": "protocol",
    "ToolResultMessage": "protocol",
    "Turn": "history.turns",
    "TurnDetector": "turn",
    "UnpluggedError": "call.sources",
    "VAD": "vad",
    "VirtualSpeaker": "call.sinks",
    "VolumeVAD": "vad",
    "wer": "history.words",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
